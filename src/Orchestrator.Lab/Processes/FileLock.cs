namespace Orchestrator.Lab.Processes;

/// <summary>A lock between processes on a file. The kernel lets go of it when its holder dies.</summary>
internal sealed class FileLock : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Waits for the lock.</summary>
    /// <exception cref="LabException">Another process holds it too long.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder is gone.</exception>
    public static async Task<FileLock> AcquireAsync(string path, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var deadline = time.GetUtcNow() + patience;
        while (true)
        {
            try
            {
                return new FileLock(OpenLocked(path));
            }
            catch (IOException e) when (e is not DirectoryNotFoundException && time.GetUtcNow() < deadline)
            {
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException e) when (e is not DirectoryNotFoundException)
            {
                throw new LabException($"Cannot lock {path}: {e.Message}", "Another command of the lab holds it: wait for that, or end it.");
            }
        }
    }

    /// <summary>Removes the file; those that wait for it notice, and lock the next one.</summary>
    public void Delete() => File.Delete(_file.Name);

    /// <summary>Lets go.</summary>
    public void Dispose() => _file.Dispose();

    private static FileStream OpenLocked(string path)
    {
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        if (Posix.Look(path)?.Inode == Posix.Look(file.SafeFileHandle)?.Inode)
        {
            return file;
        }

        file.Dispose();
        throw new IOException("The lock file was replaced.");
    }
}
