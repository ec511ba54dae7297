using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Orchestrator.Recovery;

/// <summary>How times, names and documents stand in the columns of our databases.</summary>
/// <param name="damaged">What is thrown of a column that makes no sense.</param>
internal sealed class StoredText(Func<string, Exception?, Exception> damaged)
{
    /// <summary>A time. Always UTC, so that the order of the texts is that of the times.</summary>
    internal static string Of(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    /// <summary>The name of an enumeration's value.</summary>
    internal static string Of<T>(T value, JsonTypeInfo<T> type)
        where T : struct, Enum => JsonSerializer.Serialize(value, type).Trim('"');

    internal DateTimeOffset Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out DateTimeOffset time) ? time : throw damaged($"'{text}' is no time", null);

    internal T Name<T>(string text, JsonTypeInfo<T> type)
        where T : struct, Enum => Parse($"\"{text}\"", type);

    internal T Parse<T>(string json, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw damaged("an entry is empty", null);
        }
        catch (JsonException e)
        {
            throw damaged($"an entry cannot be read: {e.Message}", e);
        }
    }
}
