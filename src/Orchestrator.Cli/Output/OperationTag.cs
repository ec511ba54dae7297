using Serilog.Core;
using Serilog.Events;

namespace Orchestrator.Cli;

/// <summary>The operation that a line of text belongs to, with the space before it: lines of no operation look as if there were none.</summary>
internal sealed class OperationTag : ILogEventEnricher
{
    internal const string Property = "OperationTag";

    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        if (logEvent.Properties.TryGetValue("OperationId", out LogEventPropertyValue? property) && property is ScalarValue { Value: { } id })
        {
            logEvent.AddOrUpdateProperty(new(Property, new ScalarValue($" {id}")));
        }
    }
}
