using System.Buffers.Text;

namespace Orchestrator.Lab.Guests;

/// <summary>Understands the lines of a tick log: <c>ARRIVAL-NS T SEQUENCE MONOTONIC-NS DIRTIED-BYTES</c>, and others.</summary>
internal static class TickLine
{
    /// <summary>Reads the instant at which a line arrived.</summary>
    public static bool TryReadArrival(ReadOnlySpan<byte> line, out DateTimeOffset arrived, out ReadOnlySpan<byte> text)
    {
        arrived = default;
        text = default;
        // Nanoseconds since 1970 have 19 digits from 2001 to 2286: fewer are the rest of a number.
        if (!TryReadNumber(ref line, out var ns, out var digits) || digits != 19)
        {
            return false;
        }

        arrived = DateTimeOffset.UnixEpoch.AddTicks(ns / 100);
        text = line;
        return true;
    }

    /// <summary>Reads a whole tick; a half one is none.</summary>
    public static bool TryReadTick(ReadOnlySpan<byte> line, out Tick tick)
    {
        tick = default;
        if (!TryReadArrival(line, out var arrived, out var text) || !text.StartsWith("T "u8))
        {
            return false;
        }

        text = text[2..];
        if (!TryReadNumber(ref text, out var sequence, out _) || !TryReadNumber(ref text, out var monotonic, out _)
            || !TryReadNumber(ref text, out var dirtied, out _) || text.Length > 0)
        {
            return false;
        }

        tick = new Tick(arrived, sequence, monotonic, dirtied);
        return true;
    }

    private static bool TryReadNumber(ref ReadOnlySpan<byte> text, out long number, out int digits)
    {
        if (!Utf8Parser.TryParse(text, out number, out digits) || number < 0 || (digits < text.Length && text[digits] != (byte)' '))
        {
            return false;
        }

        text = text[Math.Min(digits + 1, text.Length)..];
        return true;
    }
}
