using System.Globalization;
using System.Xml.Linq;
using Orchestrator.Lifecycle;

namespace Orchestrator.Acceptance.Cases;

/// <summary>Tells the refusal that a case wants from those that somebody else's mistake brings about: by the place in the document, and by the device that it names.</summary>
internal static class Refusals
{
    /// <summary>Whether a document was refused for an element of it, or something in that.</summary>
    /// <param name="e">The error.</param>
    /// <param name="path">The element's place.</param>
    /// <param name="named">What the reason has to name.</param>
    internal static bool IsOf(Exception e, string path, params IReadOnlyList<string> named) => e is DefinitionException { Stage: DefinitionStage.Refused } refused
        && refused.Problems.Any(problem => (problem.Path == path || problem.Path.StartsWith($"{path}/", StringComparison.Ordinal))
            && named.All(name => problem.Message.Contains(name, StringComparison.Ordinal)));

    /// <summary>Whether a device was refused that was to be attached.</summary>
    internal static bool IsOf(Exception e, CaseDevice device, params IReadOnlyList<string> named) => IsOf(e, $"/domain/devices/{device.Document.Element.Name.LocalName}", named);

    /// <summary>The place of the last device of a kind in a guest's document, as problems tell it.</summary>
    internal static string PathOfLast(CaseGuest guest, string element)
    {
        int count = guest.Document.Root.Elements("devices").Elements(element).Count();
        return string.Create(CultureInfo.InvariantCulture, $"/domain/devices/{element}{(count == 1 ? "" : $"[{count}]")}");
    }
}
