using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orchestrator.Hosts;

/// <summary>What QEMU answered to a monitor command: a result or an error. libvirt's call succeeds for both.</summary>
/// <param name="Result">The result; an empty object for a command without one.</param>
/// <param name="ErrorClass">QEMU's class of an error, such as <c>GenericError</c> or <c>DeviceNotFound</c>; <see langword="null"/> for a result.</param>
/// <param name="ErrorText">What QEMU says of it; never translated.</param>
internal sealed record QemuAnswer(JsonElement Result, string? ErrorClass, string? ErrorText)
{
    /// <summary>Reads an answer.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    internal static QemuAnswer Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement.Clone();
            return root.TryGetProperty("error", out JsonElement error)
                ? new(default, Text(error, "class") ?? "GenericError", Text(error, "desc") ?? error.GetRawText())
                : new(root.GetProperty("return"), null, null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"QEMU's answer cannot be read: {json}", e);
        }
    }

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}

/// <summary>
/// Talks to the QEMU of a running domain past libvirt. Whatever is asked, a question too, libvirt marks the domain as tainted (<c>custom-monitor</c>) until it ends.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="uuid">The domain.</param>
internal sealed class QemuMonitor(IHost host, Guid uuid)
{
    internal async Task<QemuAnswer> ExecuteAsync(string command, JsonObject? arguments, CancellationToken cancellationToken)
    {
        var request = new JsonObject { ["execute"] = command };
        if (arguments is not null)
        {
            request["arguments"] = arguments;
        }

        return QemuAnswer.Parse(await host.QemuMonitorCommandAsync(uuid, request.ToJsonString(), cancellationToken).ConfigureAwait(false));
    }

    /// <summary>The properties of an object: names and types; none when there is no such object.</summary>
    internal async Task<IReadOnlyList<(string Name, string Type)>> ListAsync(string path, CancellationToken cancellationToken)
    {
        QemuAnswer answer = await ExecuteAsync("qom-list", new() { ["path"] = path }, cancellationToken).ConfigureAwait(false);
        return answer.ErrorClass is null
            ? [.. answer.Result.EnumerateArray().Select(entry => (entry.GetProperty("name").GetString()!, entry.GetProperty("type").GetString()!))]
            : [];
    }

    /// <summary>A property's text; <see langword="null"/> when the object has none.</summary>
    internal async Task<string?> GetTextAsync(string path, string property, CancellationToken cancellationToken)
    {
        QemuAnswer answer = await ExecuteAsync("qom-get", new() { ["path"] = path, ["property"] = property }, cancellationToken).ConfigureAwait(false);
        return answer.ErrorClass is null && answer.Result.ValueKind == JsonValueKind.String ? answer.Result.GetString() : null;
    }

    /// <summary>Why the domain cannot migrate now; empty when nothing is in the way, <see langword="null"/> when this QEMU does not tell (before 6.0).</summary>
    internal async Task<IReadOnlyList<string>?> BlockedReasonsAsync(CancellationToken cancellationToken)
    {
        QemuAnswer answer = await ExecuteAsync("query-migrate", null, cancellationToken).ConfigureAwait(false);
        return answer.ErrorClass is not null ? null
            : answer.Result.TryGetProperty("blocked-reasons", out JsonElement reasons) ? [.. reasons.EnumerateArray().Select(reason => reason.GetString()!)]
            : host.Identity.QemuVersion is 0 or >= 6_000_000 ? [] : null;
    }
}
