using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Libvirt.Interop.Native;

namespace Libvirt.Interop.Tests;

/// <summary>A C program compiled against libvirt's headers says how big the structures are and where their members lie.</summary>
public class AbiLayoutTests
{
    private Dictionary<string, int> _native = [];

    [OneTimeSetUp]
    public void CompileAndRunProbe()
    {
        string folder = Directory.CreateTempSubdirectory("orchestrator-abi-").FullName;
        try
        {
            string source = Path.Combine(folder, "probe.c");
            string program = Path.Combine(folder, "probe");
            File.WriteAllText(source, Probe());
            _ = Run("cc", "-o", program, source);
            _native = Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
                .ToDictionary(pair => pair[0], pair => int.Parse(pair[1], CultureInfo.InvariantCulture));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void VirError_lies_as_in_C() =>
        AssertLayout<VirError>("virError", "code", "domain", "message", "level", "conn", "dom", "str1", "str2", "str3", "int1", "int2", "net");

    [Test]
    public void VirTypedParameter_lies_as_in_C()
    {
        AssertLayout<VirTypedParameter>("virTypedParameter", "field", "type", "value");
        Assert.That(VirTypedParameter.FieldLength, Is.EqualTo(_native["VIR_TYPED_PARAM_FIELD_LENGTH"]));
    }

    [Test]
    public void DomainInfo_lies_as_in_C() =>
        AssertLayout<DomainInfo>("virDomainInfo", "_state", "_maxMem", "_memory", "_nrVirtCpu", "_cpuTime");

    [Test]
    public void StorageVolInfo_lies_as_in_C() => AssertLayout<VirStorageVolInfo>("virStorageVolInfo", "type", "capacity", "allocation");

    [Test]
    public void DomainStatsRecord_lies_as_in_C() => AssertLayout<VirDomainStatsRecord>("virDomainStatsRecord", "dom", "params", "nparams");

    [Test]
    public void NodeMemoryStats_lies_as_in_C()
    {
        AssertLayout<VirNodeMemoryStats>("virNodeMemoryStats", "field", "value");
        Assert.That(VirNodeMemoryStats.FieldLength, Is.EqualTo(_native["virNodeMemoryStats.value"]));
    }

    [Test]
    public void BlockJobInfo_lies_as_in_C() => AssertLayout<VirDomainBlockJobInfo>("virDomainBlockJobInfo", "type", "bandwidth", "cur", "end");

    // A managed field is called as its member in C, or privately with an underscore before it.
    private void AssertLayout<T>(string type, params string[] fields)
        where T : unmanaged => Assert.Multiple(() =>
        {
            Assert.That(Unsafe.SizeOf<T>(), Is.EqualTo(_native[type]), $"sizeof({type})");
            foreach (string field in fields)
            {
                Assert.That(Marshal.OffsetOf<T>(field).ToInt32(), Is.EqualTo(_native[$"{type}.{field.TrimStart('_')}"]), $"offsetof({type}, {field})");
            }
        });

    private static string Probe()
    {
        (string Type, string[] Members)[] types =
        [
            ("virError", ["code", "domain", "message", "level", "conn", "dom", "str1", "str2", "str3", "int1", "int2", "net"]),
            ("virTypedParameter", ["field", "type", "value"]),
            ("virDomainStatsRecord", ["dom", "params", "nparams"]),
            ("virNodeMemoryStats", ["field", "value"]),
            ("virStorageVolInfo", ["type", "capacity", "allocation"]),
            ("virDomainBlockJobInfo", ["type", "bandwidth", "cur", "end"]),
            ("virDomainInfo", ["state", "maxMem", "memory", "nrVirtCpu", "cpuTime"]),
        ];
        IEnumerable<string> lines = types.SelectMany(t => t.Members
            .Select(m => $"printf(\"{t.Type}.{m} %zu\\n\", offsetof({t.Type}, {m}));")
            .Prepend($"printf(\"{t.Type} %zu\\n\", sizeof({t.Type}));"));
        return $$"""
            #include <stddef.h>
            #include <stdio.h>
            #include <libvirt/libvirt.h>
            #include <libvirt/virterror.h>
            int main(void) {
                {{string.Join('\n', lines)}}
                printf("VIR_TYPED_PARAM_FIELD_LENGTH %d\n", VIR_TYPED_PARAM_FIELD_LENGTH);
                return 0;
            }

            """;
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, program);
        return output;
    }
}
