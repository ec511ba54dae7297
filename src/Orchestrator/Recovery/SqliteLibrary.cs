using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Orchestrator.Recovery;

/// <summary>The distribution's own SQLite, which its security updates reach: none is brought along.</summary>
internal static class SqliteLibrary
{
    private const string FileName = "libsqlite3.so.0";

    private static readonly Lock Gate = new();
    private static bool _loaded;

    /// <exception cref="JournalException">It is not installed.</exception>
    internal static void Load()
    {
        lock (Gate)
        {
            if (_loaded)
            {
                return;
            }

            if (!NativeLibrary.TryLoad(FileName, out nint library))
            {
                throw new JournalException(
                    JournalProblem.LibraryMissing, $"the journal needs SQLite's library, {FileName}, which is not installed here",
                    "Install it: apt-get install libsqlite3-0 (Debian), dnf install sqlite-libs (openEuler: sqlite).");
            }

            // The provider asks for the name of a library that its own bundle would bring. One resolver per assembly: somebody else's may be there already.
            Assembly provider = typeof(SQLite3Provider_e_sqlite3).Assembly;
            NativeLibrary.SetDllImportResolver(provider, (name, _, _) => name == "e_sqlite3" ? library : 0);
            raw.SetProvider(new SQLite3Provider_e_sqlite3());
            raw.FreezeProvider();
            _loaded = true;
        }
    }
}
