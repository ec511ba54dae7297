using System.Runtime.InteropServices;
using System.Text;
using Libvirt.Interop.Native;

namespace Libvirt.Interop.Tests;

/// <summary>Our lists against libvirt's own functions for reading and writing them.</summary>
public unsafe class TypedParametersTests
{
    [Test]
    public void Lent_list_reads_the_same_in_libvirt()
    {
        var parameters = new TypedParameters
        {
            { "int", -5 }, { "uint", uint.MaxValue }, { "llong", long.MinValue }, { "ullong", ulong.MaxValue },
            { "double", 2.5 }, { "boolean", true }, { "string", "ä <&' \" 日本" },
        };

        var seen = parameters.Lend(0, static (_, native, count) =>
        {
            int i;
            uint u;
            long l;
            ulong ul;
            double d;
            byte* s;
            int found = virTypedParamsGetInt(native, (int)count, "int", &i) + virTypedParamsGetUInt(native, (int)count, "uint", &u)
                + virTypedParamsGetLLong(native, (int)count, "llong", &l) + virTypedParamsGetULLong(native, (int)count, "ullong", &ul)
                + virTypedParamsGetDouble(native, (int)count, "double", &d) + virTypedParamsGetString(native, (int)count, "string", &s);
            int flag;
            found += virTypedParamsGetBoolean(native, (int)count, "boolean", &flag);
            return (found, i, u, l, ul, d, flag, Marshal.PtrToStringUTF8((nint)s));
        });

        Assert.That(seen, Is.EqualTo((7, -5, uint.MaxValue, long.MinValue, ulong.MaxValue, 2.5, 1, "ä <&' \" 日本")));
    }

    [Test]
    public void List_made_by_libvirt_reads_the_same_here()
    {
        VirTypedParameter* native = null;
        int count = 0;
        int room = 0;
        int results = virTypedParamsAddInt(&native, &count, &room, "int", -5) + virTypedParamsAddUInt(&native, &count, &room, "uint", uint.MaxValue)
            + virTypedParamsAddLLong(&native, &count, &room, "llong", long.MinValue) + virTypedParamsAddULLong(&native, &count, &room, "ullong", ulong.MaxValue)
            + virTypedParamsAddDouble(&native, &count, &room, "double", 2.5) + virTypedParamsAddBoolean(&native, &count, &room, "boolean", 1)
            + virTypedParamsAddString(&native, &count, &room, "string", "ä") + virTypedParamsAddString(&native, &count, &room, "string", "again");
        var read = TypedParameters.Read(native, count);
        LibVirt.virTypedParamsFree(native, count);

        Assert.That(results, Is.Zero);
        Assert.That(read, Is.EqualTo(new KeyValuePair<string, object>[]
        {
            new("int", -5), new("uint", uint.MaxValue), new("llong", long.MinValue), new("ullong", ulong.MaxValue),
            new("double", 2.5), new("boolean", true), new("string", "ä"), new("string", "again"),
        }));
    }

    [Test]
    public void Value_of_a_type_newer_than_this_binding_is_left_out()
    {
        var native = new VirTypedParameter { type = 99, value = 1 };
        native.field[0] = (byte)'x';

        Assert.That(TypedParameters.Read(&native, 1), Is.Empty);
    }

    [TestCase("")]
    [TestCase("a\0b")]
    [TestCase("01234567890123456789012345678901234567890123456789012345678901234567890123456789")]
    [TestCase("äääääääääääääääääääääääääääääääääääääääää")]
    public void Name_that_does_not_fit_is_refused(string name) =>
        Assert.That(() => new TypedParameters { { name, 1 } }, Throws.ArgumentException);

    [Test]
    public void Longest_name_survives()
    {
        string name = new('n', VirTypedParameter.FieldLength - 1);
        var parameters = new TypedParameters { { name, 7 } };

        string seen = parameters.Lend(0, static (_, native, _) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(native->field)));

        Assert.That(seen, Is.EqualTo(name));
    }

    [Test]
    public void Value_that_libvirt_cannot_carry_is_refused() => Assert.Multiple(() =>
    {
        Assert.That(() => new TypedParameters { { "x", new object() } }, Throws.ArgumentException);
        Assert.That(() => new TypedParameters { { "x", "a\0b" } }, Throws.ArgumentException);
    });

    [Test]
    public void Find_takes_the_first_and_widens_integers() => Assert.Multiple(() =>
    {
        var parameters = new TypedParameters { { "a", 1u }, { "a", 2u }, { "b", "text" } };
        Assert.That(parameters.Find("a"), Is.EqualTo(1u));
        Assert.That(parameters.FindInteger("a"), Is.EqualTo(1L));
        Assert.That(parameters.FindInteger("b"), Is.Null);
        Assert.That(parameters.FindInteger("c"), Is.Null);
        Assert.That(parameters.ToText(), Is.EqualTo(new Dictionary<string, string> { ["a"] = "1", ["b"] = "text" }));
    });

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsGetInt(VirTypedParameter* parameters, int count, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, int* value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsGetUInt(VirTypedParameter* parameters, int count, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, uint* value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsGetLLong(VirTypedParameter* parameters, int count, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, long* value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsGetULLong(VirTypedParameter* parameters, int count, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, ulong* value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsGetDouble(VirTypedParameter* parameters, int count, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, double* value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsGetBoolean(VirTypedParameter* parameters, int count, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, int* value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsGetString(VirTypedParameter* parameters, int count, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, byte** value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsAddInt(VirTypedParameter** parameters, int* count, int* room, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, int value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsAddUInt(VirTypedParameter** parameters, int* count, int* room, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, uint value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsAddLLong(VirTypedParameter** parameters, int* count, int* room, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, long value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsAddULLong(VirTypedParameter** parameters, int* count, int* room, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, ulong value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsAddDouble(VirTypedParameter** parameters, int* count, int* room, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, double value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsAddBoolean(VirTypedParameter** parameters, int* count, int* room, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, int value);

    [DllImport(LibVirt.Library)]
    private static extern int virTypedParamsAddString(
        VirTypedParameter** parameters, int* count, int* room, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value);
}
