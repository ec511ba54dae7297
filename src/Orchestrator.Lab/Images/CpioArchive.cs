using System.Globalization;
using System.Text;

namespace Orchestrator.Lab.Images;

/// <summary>Writes an archive in the "newc" format, the one Linux unpacks its initramfs from (the kernel's Documentation/driver-api/early-userspace/buffer-format.rst).</summary>
internal sealed class CpioArchive(Stream output)
{
    private const uint FolderMode = 0x41ED; // drwxr-xr-x
    private const uint ProgramMode = 0x81ED; // -rwxr-xr-x
    private long _written;
    private uint _inode;

    /// <summary>Adds a folder.</summary>
    public void AddFolder(string path) => Add(path, FolderMode, []);

    /// <summary>Adds a file that may be executed.</summary>
    public void AddFile(string path, ReadOnlySpan<byte> content) => Add(path, ProgramMode, content);

    /// <summary>Ends the archive.</summary>
    public void Finish() => Add("TRAILER!!!", 0, []);

    private void Add(string path, uint mode, ReadOnlySpan<byte> content)
    {
        var name = Encoding.ASCII.GetBytes(path + '\0');
        _inode++;
        // magic inode mode uid gid nlink mtime size major minor rmajor rminor namesize check
        uint[] fields = [_inode, mode, 0, 0, 1, 0, (uint)content.Length, 0, 0, 0, 0, (uint)name.Length, 0];
        var header = new StringBuilder("070701");
        foreach (var field in fields)
        {
            header.Append(field.ToString("X8", CultureInfo.InvariantCulture));
        }

        Write(Encoding.ASCII.GetBytes(header.ToString()));
        Write(name);
        Pad();
        Write(content);
        Pad();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        _written += bytes.Length;
    }

    private void Pad() => Write(stackalloc byte[(int)(-_written & 3)]);
}
