using System.Reflection;
using System.Runtime.InteropServices;
using System.Xml.Linq;
using Libvirt.Interop.Native;

namespace Libvirt.Interop.Tests;

/// <summary>All that is declared here has the name, value, arity and width that the installed libvirt says.</summary>
public class ApiXmlTests
{
    // The oldest libvirt that must work: openEuler 22.03.
    private static readonly Version Oldest = new(6, 2, 0);

    private static IEnumerable<Type> Enums => typeof(LibvirtConnection).Assembly.GetExportedTypes().Where(t => t.IsEnum);

    private static IEnumerable<TestCaseData> Functions => typeof(LibVirt)
        .GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
        .Where(m => m.Name.StartsWith("vir", StringComparison.Ordinal))
        .Select(m => new TestCaseData(m).SetArgDisplayNames($"{m.Name}({m.GetParameters().Length})"));

    [TestCaseSource(nameof(Enums))]
    public void Enum_member_has_the_value_of_its_constant(Type type)
    {
        string? prefix = type.GetCustomAttribute<NativeEnumAttribute>()?.Prefix;
        Assert.That(prefix, Is.Not.Null, "a public enumeration mirrors C constants and says which");

        var values = Enum.GetValuesAsUnderlyingType(type);
        string[] names = Enum.GetNames(type);
        Assert.Multiple(() =>
        {
            for (int i = 0; i < names.Length; i++)
            {
                long value = Convert.ToInt64(values.GetValue(i), null);
                long[] native = [.. ApiDescription.Constants[ApiDescription.Plain(prefix + names[i])]];
                bool isNoFlag = names[i] == "None" && native.Length == 0;
                Assert.That(isNoFlag ? [0] : native, Is.EqualTo(new[] { value }), $"{type.Name}.{names[i]}");
            }
        });
    }

    [TestCaseSource(nameof(Functions))]
    public void Function_has_the_arity_and_widths_of_the_C_function(MethodInfo method)
    {
        Assert.That(ApiDescription.Functions, Does.ContainKey(method.Name));
        XElement function = ApiDescription.Functions[method.Name];
        string[] native = [WidthOf(function.Element("return")!), .. function.Elements("arg").Select(WidthOf)];
        string[] managed = [WidthOf(method.ReturnType), .. method.GetParameters().Select(p => WidthOf(p.ParameterType))];

        Assert.That(managed, Is.EqualTo(native));
    }

    [Test]
    public void Functions_newer_than_the_oldest_libvirt_are_only_those_that_are_asked_for_first()
    {
        IEnumerable<string> newer = Functions.Select(f => ((MethodInfo)f.Arguments[0]!).Name).Where(n => ApiDescription.Since(n) > Oldest);

        Assert.That(newer, Is.EquivalentTo(new[] { nameof(LibVirt.virDomainAbortJobFlags), nameof(LibVirt.virDomainGetMessages) }));
    }

    [Test]
    public void Migration_parameter_has_the_name_of_a_macro()
    {
        IEnumerable<string?> ours = typeof(MigrateParameter).GetFields(BindingFlags.Static | BindingFlags.Public).Select(f => (string?)f.GetRawConstantValue());
        IEnumerable<string> theirs = ApiDescription.Strings.Where(s => s.Key.StartsWith("VIR_MIGRATE_PARAM_", StringComparison.Ordinal)).Select(s => s.Value);

        Assert.That(ours, Is.Not.Empty.And.SubsetOf(theirs));
    }

    [Test]
    public void Event_ids_are_those_of_libvirt()
    {
        // Private constants of LibvirtConnection: EventIdLifecycle mirrors VIR_DOMAIN_EVENT_ID_LIFECYCLE.
        FieldInfo[] ids = [.. typeof(LibvirtConnection).GetFields(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(f => f.IsLiteral && f.Name.StartsWith("EventId", StringComparison.Ordinal))];

        Assert.That(ids, Is.Not.Empty);
        Assert.Multiple(() =>
        {
            foreach (FieldInfo id in ids)
            {
                Assert.That(ApiDescription.Constants[ApiDescription.Plain("VIR_DOMAIN_EVENT_ID_" + id.Name["EventId".Length..])],
                    Is.EqualTo(new[] { Convert.ToInt64(id.GetRawConstantValue(), null) }), id.Name);
            }
        });
    }

    private static string WidthOf(XElement item) => item.Attribute("type")!.Value.Replace("const ", "", StringComparison.Ordinal) switch
    {
        "void" => "void",
        "int" => "i4",
        "unsigned int" => "u4",
        "unsigned long" => "ulong",
        "long long" => "i8",
        "unsigned long long" => "u8",
        var type when type.EndsWith('*') || type.EndsWith("Ptr", StringComparison.Ordinal) || type.EndsWith("Callback", StringComparison.Ordinal)
            || type is "virErrorFunc" or "virConnectCloseFunc" => "pointer",
        var type => type,
    };

    private static string WidthOf(Type type) => type switch
    {
        _ when type == typeof(void) => "void",
        _ when type == typeof(int) => "i4",
        _ when type == typeof(uint) => "u4",
        _ when type == typeof(CULong) => "ulong",
        _ when type == typeof(long) => "i8",
        _ when type == typeof(ulong) => "u8",
        _ when type == typeof(nuint) => "size_t",
        _ when type.IsPointer || type.IsFunctionPointer || type == typeof(nint) || type == typeof(string) || type.IsSubclassOf(typeof(VirHandle)) => "pointer",
        _ => type.Name,
    };
}
