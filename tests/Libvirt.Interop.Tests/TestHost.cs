namespace Libvirt.Interop.Tests;

/// <summary>A host of libvirt's own test driver that belongs to one test: every opening of its file makes a fresh one.</summary>
internal sealed class TestHost : IDisposable
{
    public const string RunningName = "web1";
    public static readonly Guid RunningUuid = new("11111111-2222-3333-4444-555555555555");
    public const string OtherDomain = "<domain type='test'><name>db1</name><memory unit='KiB'>65536</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>";

    private readonly string _file = Path.GetTempFileName();

    public TestHost()
    {
        File.WriteAllText(_file, $"""
            <node>
              <domain type='test'>
                <name>{RunningName}</name>
                <uuid>{RunningUuid}</uuid>
                <memory unit='KiB'>1048576</memory>
                <currentMemory unit='KiB'>524288</currentMemory>
                <vcpu>2</vcpu>
                <os><type>hvm</type></os>
              </domain>
            </node>
            """);
        Connection = LibvirtConnection.Open("test://" + _file);
    }

    public LibvirtConnection Connection { get; }

    public void Dispose()
    {
        Connection.Dispose();
        File.Delete(_file);
    }
}
