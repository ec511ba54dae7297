namespace Orchestrator.Hosts;

/// <summary>Who may open a file or device node.</summary>
/// <param name="User">Its owner's number.</param>
/// <param name="Group">Its group's number.</param>
/// <param name="Mode">Its permissions.</param>
public sealed record FileOwner(uint User, uint Group, UnixFileMode Mode)
{
    /// <summary>Whether an account may read and write it by owner, group and mode; access lists and security modules may say otherwise.</summary>
    /// <param name="user">The account's number.</param>
    /// <param name="groups">The numbers of its groups.</param>
    public bool Admits(uint user, IReadOnlyList<uint> groups)
    {
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        const UnixFileMode OfGroup = UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
        const UnixFileMode Other = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        UnixFileMode wanted = user == User ? Owner : groups.Contains(Group) ? OfGroup : Other;
        return user == 0 || (Mode & wanted) == wanted;
    }
}
