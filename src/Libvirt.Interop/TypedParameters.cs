using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Libvirt.Interop.Native;

namespace Libvirt.Interop;

/// <summary>
/// A list of named, typed values as libvirt's functions take and return them (<c>virTypedParameter</c>). A name may occur more than once
/// (<c>migrate_disks</c>). The types are libvirt's: <see cref="int"/>, <see cref="uint"/>, <see cref="long"/>, <see cref="ulong"/>,
/// <see cref="double"/>, <see cref="bool"/> and <see cref="string"/>.
/// </summary>
public sealed class TypedParameters : IEnumerable<KeyValuePair<string, object>>
{
    private readonly List<KeyValuePair<string, object>> _items = [];

    /// <summary>The number of values.</summary>
    public int Count => _items.Count;

    /// <summary>Adds a value.</summary>
    /// <param name="name">The name: at most 79 bytes of UTF-8 without NUL.</param>
    /// <param name="value">The value; its type must be the one that libvirt wants for this name.</param>
    public void Add(string name, object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (name.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(name) is 0 or >= VirTypedParameter.FieldLength)
        {
            throw new ArgumentException($"A parameter name must have 1 to {VirTypedParameter.FieldLength - 1} bytes and no NUL.", nameof(name));
        }

        if (value is string text && text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException($"The value of {name} contains a NUL character.", nameof(value));
        }

        _ = TypeOf(value);
        _items.Add(new(name, value));
    }

    /// <summary>The first value under a name, or <see langword="null"/>.</summary>
    /// <param name="name">The name.</param>
    public object? Find(string name)
    {
        foreach (KeyValuePair<string, object> item in _items)
        {
            if (item.Key == name)
            {
                return item.Value;
            }
        }

        return null;
    }

    /// <summary>A whole number under a name, whatever width libvirt gave it, or <see langword="null"/>.</summary>
    /// <param name="name">The name.</param>
    public long? FindInteger(string name) => Find(name) switch
    {
        int value => value,
        uint value => value,
        long value => value,
        ulong value => unchecked((long)value),
        _ => null,
    };

    /// <summary>The values by name as invariant text; of a repeated name the first.</summary>
    public IReadOnlyDictionary<string, string> ToText()
    {
        var text = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (KeyValuePair<string, object> item in _items)
        {
            text.TryAdd(item.Key, item.Value is bool flag
                ? (flag ? "true" : "false")
                : Convert.ToString(item.Value, CultureInfo.InvariantCulture) ?? "");
        }

        return text;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, object>> GetEnumerator() => _items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Copies a native list; the list stays the caller's.</summary>
    internal static unsafe TypedParameters Read(VirTypedParameter* native, int count)
    {
        var parameters = new TypedParameters();
        for (int i = 0; i < count; i++)
        {
            VirTypedParameter* item = native + i;
            string name = Marshal.PtrToStringUTF8((nint)item->field) ?? "";
            long raw = item->value;
            object? value = item->type switch
            {
                1 => (int)raw,
                2 => (uint)raw,
                3 => raw,
                4 => (ulong)raw,
                5 => BitConverter.Int64BitsToDouble(raw),
                6 => (byte)raw != 0,
                7 => Marshal.PtrToStringUTF8((nint)raw) ?? "",
                _ => null, // a type newer than this binding: its value cannot be told
            };
            if (value is not null)
            {
                parameters._items.Add(new(name, value));
            }
        }

        return parameters;
    }

    /// <summary>Writes the list to native memory for the length of one call.</summary>
    internal unsafe TResult Lend<TState, TResult>(TState state, LendCall<TState, TResult> call)
    {
        int count = _items.Count;
        var native = (VirTypedParameter*)NativeMemory.AllocZeroed((nuint)Math.Max(count, 1), (nuint)sizeof(VirTypedParameter));
        try
        {
            for (int i = 0; i < count; i++)
            {
                (string name, object value) = _items[i];
                Encoding.UTF8.GetBytes(name, new Span<byte>(native[i].field, VirTypedParameter.FieldLength));
                native[i].type = TypeOf(value);
                native[i].value = value switch
                {
                    int number => (uint)number, // the union's low half
                    uint number => number,
                    long number => number,
                    ulong number => unchecked((long)number),
                    double number => BitConverter.DoubleToInt64Bits(number),
                    bool flag => flag ? 1 : 0,
                    string text => Marshal.StringToCoTaskMemUTF8(text),
                    _ => throw new InvalidOperationException(),
                };
            }

            return call(state, native, (uint)count);
        }
        finally
        {
            for (int i = 0; i < count; i++)
            {
                if (native[i].type == 7)
                {
                    Marshal.FreeCoTaskMem((nint)native[i].value);
                }
            }

            NativeMemory.Free(native);
        }
    }

    internal unsafe delegate TResult LendCall<in TState, out TResult>(TState state, VirTypedParameter* native, uint count);

    // virTypedParameterType
    private static int TypeOf(object value) => value switch
    {
        int => 1,
        uint => 2,
        long => 3,
        ulong => 4,
        double => 5,
        bool => 6,
        string => 7,
        _ => throw new ArgumentException($"libvirt has no parameter type for {value.GetType()}.", nameof(value)),
    };
}
