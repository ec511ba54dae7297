using System.CommandLine;
using System.Text.Json;
using Orchestrator.Configuration;
using Spectre.Console;

namespace Orchestrator.Cli.Commands;

/// <summary><c>orchestrator config show</c>.</summary>
internal static class ConfigCommand
{
    internal static Command Create(CliConsole console) => new("config", "The hosts that have names.") { Show(console) };

    private static Command Show(CliConsole console)
    {
        var origin = new Option<bool>("--origin") { Description = "Say where each setting comes from, and what it overrides." };
        var command = new Command("show", "Every host of hosts.yaml with its settings, as the files and variables say them together.") { origin };
        command.SetAction(parsed =>
        {
            HostsConfiguration configuration = HostResolver.LoadConfiguration();
            bool withOrigin = parsed.GetValue(origin);
            if (console.Json)
            {
                console.Out.WriteLine(JsonSerializer.Serialize(ConfigurationDocument.From(configuration, withOrigin), ConfigurationJson.Readable.ConfigurationDocument));
            }
            else
            {
                Write(console, configuration, withOrigin);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(CliConsole console, HostsConfiguration configuration, bool withOrigin)
    {
        if (configuration.Hosts.Count == 0)
        {
            ConfigurationSources sources = ConfigurationSources.Of(Environment.GetEnvironmentVariable);
            console.Out.WriteLine(CliConsole.Printable(
                $"No host has a name: neither {string.Join(" nor ", new[] { sources.SystemFile, sources.UserFile, ConfigurationSources.HostsVariable }.OfType<string>())} tells of any."));
            return;
        }

        Table table = new Table().Border(TableBorder.Simple).AddColumns(withOrigin ? ["host", "setting", "value", "from"] : ["host", "setting", "value"]);
        foreach (ConfiguredHost host in configuration.Hosts)
        {
            foreach (EffectiveSetting setting in host.Settings)
            {
                Row(setting.Setting, "");
                foreach (HostSetting overridden in withOrigin ? setting.Overridden : [])
                {
                    Row(overridden, " (overridden)");
                }
            }
        }

        console.Tables().Write(table);

        void Row(HostSetting setting, string note) => table.AddRow(
            [.. new[] { setting.Host, setting.Key, setting.Value, $"{setting.Origin}{note}" }.Take(withOrigin ? 4 : 3).Select(cell => Markup.Escape(CliConsole.Printable(cell)))]);
    }
}
