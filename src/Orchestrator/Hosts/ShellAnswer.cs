using System.Text;

namespace Orchestrator.Hosts;

/// <summary>What a command came to that a <see cref="SshShell"/> ran.</summary>
/// <param name="ExitCode">How it ended.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Error">What it wrote to standard error.</param>
internal sealed record ShellAnswer(int ExitCode, byte[] Output, string Error)
{
    /// <summary>What it wrote to standard error, without what sudo says of a host's name while it does what it is asked to.</summary>
    public string Error { get; } = string.Join('\n', Error.Split('\n').Where(line => !line.StartsWith("sudo: unable to resolve host ", StringComparison.Ordinal)));

    /// <summary>The output as text.</summary>
    internal string Text => Encoding.UTF8.GetString(Output);

    /// <summary>The fields of an output that ends each with a NUL, which neither a path nor a line of text has.</summary>
    internal IReadOnlyList<string> Fields => Text is { Length: > 0 } text ? text.TrimEnd('\0').Split('\0') : [];
}
