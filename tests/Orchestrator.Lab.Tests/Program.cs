namespace Orchestrator.Lab.Tests;

/// <summary>A process that owns a lab in the folder it is given, with a guest, until it is killed.</summary>
internal static class Program
{
    private static async Task Main(string[] arguments)
    {
        var lab = await VirtualLab.StartAsync(new LabOptions { Folder = arguments[0], Hosts = 1 });
        await lab.StartGuestAsync(new GuestOptions { Name = "orphan" });
        Console.WriteLine(lab.Folder);
        await Task.Delay(Timeout.Infinite);
    }
}
