using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Orchestrator.Cli;

/// <summary>Numbers as options take them: what is none, or too big for its type, is an error of the command line as one out of bounds is.</summary>
internal static class Numbers
{
    internal static Func<ArgumentResult, T> Within<T>(T least, T most, string message)
        where T : struct, INumber<T> => result => Parse(result, least, most, message) ?? default;

    internal static Func<ArgumentResult, T?> OptionalWithin<T>(T least, T most, string message)
        where T : struct, INumber<T> => result => Parse(result, least, most, message);

    private static T? Parse<T>(ArgumentResult result, T least, T most, string message)
        where T : struct, INumber<T>
    {
        if (result.Tokens is [{ Value: var text }] && T.TryParse(text, CultureInfo.InvariantCulture, out T value) && value >= least && value <= most)
        {
            return value;
        }

        result.AddError(message);
        return null;
    }
}
