using System.Globalization;

namespace Libvirt.Xml.Devices;

/// <summary>How bad a problem is.</summary>
public enum DeviceProblemSeverity
{
    /// <summary>It works, but not as one might expect.</summary>
    Warning,

    /// <summary>libvirt or QEMU refuses it, or drops it without a word.</summary>
    Error,
}

/// <summary>What is wrong with a value in a document.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Path">The element or attribute, such as <c>/domain/devices/hostdev[2]/source/@dev</c>.</param>
/// <param name="Line">The line, counted from 1; 0 for what was not read from a text.</param>
/// <param name="Column">The column, counted from 1; 0 for what was not read from a text.</param>
/// <param name="Message">What is wrong, and what to write instead.</param>
public sealed record DeviceProblem(DeviceProblemSeverity Severity, string Path, int Line, int Column, string Message)
{
    /// <summary>One line for people.</summary>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{(Severity == DeviceProblemSeverity.Error ? "error" : "warning")}: {Path}{(Line > 0 ? $" (line {Line}, column {Column})" : "")}: {Message}");
}
