using System.Globalization;
using Orchestrator.Lab.Processes;

namespace Orchestrator.Lab.Hosts;

/// <summary>
/// The account a lab's processes run as: the user's own; for root <c>nobody</c>, because a root libvirtd is the system's daemon. An account
/// with an entry in passwd is needed: libvirt asks for its name.
/// </summary>
internal sealed record LabAccount(uint User, uint Group, bool IsOther)
{
    /// <summary>The account for this process's labs.</summary>
    public static LabAccount Current() =>
        Posix.EffectiveUserId != 0 ? new LabAccount(Posix.EffectiveUserId, 0, IsOther: false) : Parse(File.ReadLines("/etc/passwd"));

    /// <summary>Finds <c>nobody</c> in the lines of passwd.</summary>
    public static LabAccount Parse(IEnumerable<string> passwd)
    {
        var fields = passwd.Select(line => line.Split(':')).FirstOrDefault(f => f.Length > 3 && f[0] == "nobody")
            ?? throw new LabException("There is no account 'nobody', which a lab started by root runs as.", "Start the lab as an ordinary user.");
        return new LabAccount(Number(fields[2]), Number(fields[3]), IsOther: true);

        static uint Number(string text) => uint.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>Gives a file to the account.</summary>
    public void Give(string path)
    {
        if (IsOther)
        {
            Posix.ChangeOwner(path, User, Group);
        }
    }

    /// <summary>What stands before a command so that it runs as the account.</summary>
    public IReadOnlyList<string> Prefix() => IsOther
        ? [Tool.Require("setpriv", "util-linux"), Invariant($"--reuid={User}"), Invariant($"--regid={Group}"), "--clear-groups"]
        : [];

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
