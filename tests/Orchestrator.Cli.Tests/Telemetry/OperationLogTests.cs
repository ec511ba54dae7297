using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Orchestrator.Cli.Tests.Telemetry;

/// <summary>Log lines tell the operation that they belong to.</summary>
[NonParallelizable]
public sealed partial class OperationLogTests
{
    private static readonly Guid Operation = new("0199b3c1-0000-7000-8000-00000000abcd");

    [Test]
    public void Text_has_the_operation_before_the_message_and_none_without_one([Values] bool lazily)
    {
        string[] lines = Logged(lazily, json: false);
        Assert.That(lines[0], Does.Match(@"^\d\d:\d\d:\d\d\.\d{3} INF 0199b3c1-0000-7000-8000-00000000abcd Within$"));
        Assert.That(lines[1], Does.Match(@"^\d\d:\d\d:\d\d\.\d{3} INF Without$"));
    }

    [Test]
    public void Json_has_the_operation_as_a_property([Values] bool lazily)
    {
        JsonElement[] lines = [.. Logged(lazily, json: true).Select(line => JsonDocument.Parse(line).RootElement)];
        JsonElement within = lines[0].GetProperty("Properties");
        Assert.That(within.GetProperty("OperationId").GetString(), Is.EqualTo($"{Operation}"));
        Assert.That(within.TryGetProperty(OperationTag.Property, out _), Is.False);
        Assert.That(lines[1].TryGetProperty("Properties", out JsonElement without) && without.TryGetProperty("OperationId", out _), Is.False);
    }

    [Test]
    public void A_log_file_has_the_operation([Values] bool json)
    {
        string file = Path.Combine(Path.GetTempPath(), $"operation-{Guid.NewGuid():N}.log");
        try
        {
            Logged(lazily: false, json, file);
            string[] lines = File.ReadAllLines(file);
            Assert.That(lines[0], Does.EndWith($"[INF] {Operation} Within"));
            Assert.That(lines[1], Does.EndWith("[INF] Without"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string[] Logged(bool lazily, bool json, string? file = null)
    {
        TextWriter before = Console.Error;
        using var written = new StringWriter();
        Console.SetError(written);
        try
        {
            using ILoggerFactory loggers = lazily
                ? new LazyLoggerFactory(LogLevel.Information, () => LogWriters.Create(LogDetail.Information, LogDetail.Information, null, json))
                : LogWriters.Create(LogDetail.Information, LogDetail.Information, file, json);
            ILogger logger = loggers.CreateLogger("test");
            using (logger.BeginScope(new Dictionary<string, object> { ["OperationId"] = Operation }))
            {
                LogWithin(logger);
            }

            LogWithout(logger);
        }
        finally
        {
            Console.SetError(before);
        }

        return $"{written}".Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Within")]
    private static partial void LogWithin(ILogger logger);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Without")]
    private static partial void LogWithout(ILogger logger);
}
