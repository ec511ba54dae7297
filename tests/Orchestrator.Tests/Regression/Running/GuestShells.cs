using System.Diagnostics;
using Orchestrator.Regression.Running;

namespace Orchestrator.Tests.Regression.Running;

/// <summary>This machine in the place of a guest.</summary>
/// <param name="shell">What stands in the place of its <c>/bin/sh</c>.</param>
internal sealed class LocalChannel(params string[] shell) : IGuestChannel
{
    public async Task<GuestResult> RunAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        string[] words = command[0] == "/bin/sh" && shell.Length > 0 ? [.. shell, .. command.Skip(1)] : [.. command];
        using Process process = Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, Environment = { ["LC_ALL"] = "C" } })!;
        string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return new(process.ExitCode, output);
    }
}

/// <summary>A program on a terminal of its own, as on a guest's serial port.</summary>
internal sealed class TerminalStream : Stream
{
    private readonly Process _process;

    internal TerminalStream(string program) => _process = Process.Start(new ProcessStartInfo("script", ["-q", "-e", "-f", "-c", program, "/dev/null"])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        Environment = { ["SHELL"] = "/bin/sh", ["PS1"] = "# " },
    })!;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _process.StandardOutput.BaseStream.ReadAsync(buffer, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _process.StandardInput.BaseStream.WriteAsync(buffer, cancellationToken);
        await _process.StandardInput.BaseStream.FlushAsync(cancellationToken);
    }

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
        }

        base.Dispose(disposing);
    }
}
