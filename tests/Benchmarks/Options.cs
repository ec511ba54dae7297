namespace Benchmarks;

/// <summary>What was asked for on the command line.</summary>
internal sealed record Options(IReadOnlyList<string> Names, string? Orchestrator, string? JsonFile)
{
    public static Options Parse(string[] args)
    {
        var names = new List<string>();
        string? orchestrator = null;
        string? json = null;
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--orchestrator" when i + 1 < args.Length:
                    orchestrator = args[++i];
                    break;
                case "--json" when i + 1 < args.Length:
                    json = args[++i];
                    break;
                default:
                    names.Add(args[i]);
                    break;
            }
        }

        return new(names, orchestrator, json);
    }
}
