using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Orchestrator.ApprovalTests;

/// <summary>Writes down an assembly's public API, one member a line, so that a change of it is a visible difference.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Describe(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            text.Append(Heading(type)).Append('\n');
            IEnumerable<string> members = type.IsEnum ? EnumMembers(type) : Members(type).Order(StringComparer.Ordinal);
            foreach (string member in members)
            {
                text.Append("    ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Heading(Type type)
    {
        string kind = type switch
        {
            { IsEnum: true } => $"enum {Name(type)} : {Name(Enum.GetUnderlyingType(type))}",
            { IsInterface: true } => "interface " + Name(type),
            { IsValueType: true } => "struct " + Name(type),
            _ when type.BaseType == typeof(MulticastDelegate) => $"delegate {Signature(type.GetMethod("Invoke")!)} of {Name(type)}",
            { IsAbstract: true, IsSealed: true } => "static class " + Name(type),
            { IsAbstract: true } => "abstract class " + Name(type),
            { IsSealed: true } => "sealed class " + Name(type),
            _ => "class " + Name(type),
        };
        IEnumerable<Type> bases = type.IsEnum || type.IsValueType || type.BaseType is null || type.BaseType == typeof(object) ? [] : [type.BaseType];
        string[] parents = [.. bases.Concat(type.IsEnum ? [] : type.GetInterfaces().Where(i => i.IsPublic)).Select(Name).Order(StringComparer.Ordinal)];
        return $"{type.Namespace}: {kind}{(parents.Length == 0 ? "" : " : " + string.Join(", ", parents))}";
    }

    private static IEnumerable<string> EnumMembers(Type type)
    {
        Array values = Enum.GetValuesAsUnderlyingType(type);
        return Enum.GetNames(type).Select((name, i) => string.Create(CultureInfo.InvariantCulture, $"{name} = {values.GetValue(i)}"));
    }

    private static IEnumerable<string> Members(Type type)
    {
        foreach (FieldInfo field in type.GetFields(Declared).Where(f => f.IsPublic || f.IsFamily))
        {
            yield return field.IsLiteral
                ? $"const {Name(field.FieldType)} {field.Name} = {Literal(field.GetRawConstantValue())}"
                : $"{(field.IsStatic ? "static " : "")}{Annotated(field.FieldType, new NullabilityInfoContext().Create(field))} {field.Name}";
        }

        foreach (ConstructorInfo constructor in type.GetConstructors(Declared).Where(IsVisible))
        {
            yield return $".ctor({Parameters(constructor)})";
        }

        foreach (PropertyInfo property in type.GetProperties(Declared))
        {
            string accessors = string.Concat(property.GetAccessors().Where(IsVisible).Select(a => a == property.GetMethod ? " get;" : IsInit(a) ? " init;" : " set;"));
            if (accessors.Length > 0)
            {
                bool required = property.IsDefined(typeof(RequiredMemberAttribute));
                bool isStatic = property.GetAccessors()[0].IsStatic;
                NullabilityInfo nullability = new NullabilityInfoContext().Create(property);
                yield return $"{(isStatic ? "static " : "")}{(required ? "required " : "")}{Annotated(property.PropertyType, nullability)} {property.Name} {{{accessors} }}";
            }
        }

        foreach (EventInfo item in type.GetEvents(Declared).Where(e => IsVisible(e.AddMethod!)))
        {
            yield return $"event {Name(item.EventHandlerType!)} {item.Name}";
        }

        foreach (MethodInfo method in type.GetMethods(Declared).Where(m => IsVisible(m) && (!m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal))))
        {
            yield return (method.IsStatic ? "static " : method.IsAbstract && !type.IsInterface ? "abstract " : "") + Signature(method);
        }
    }

    // What the compiler writes for every record says nothing.
    private static bool IsVisible(MethodBase method) =>
        (method.IsPublic || method.IsFamily) && (!method.IsDefined(typeof(CompilerGeneratedAttribute)) || method.IsSpecialName && method is MethodInfo { Name: not ("op_Equality" or "op_Inequality") });

    private static bool IsInit(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static string Signature(MethodInfo method)
    {
        string generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";
        return $"{Annotated(method.ReturnType, new NullabilityInfoContext().Create(method.ReturnParameter))} {method.Name}{generic}({Parameters(method)})";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p =>
        (p.IsOut ? "out " : p.ParameterType.IsByRef ? "ref " : "") + Annotated(p.ParameterType, new NullabilityInfoContext().Create(p)) + " " + p.Name
        + (p.HasDefaultValue ? " = " + Literal(p.RawDefaultValue) : "")));

    private static string Annotated(Type type, NullabilityInfo info)
    {
        string name = type.IsGenericType && !type.IsByRef && Nullable.GetUnderlyingType(type) is null && info.GenericTypeArguments.Length > 0
            ? $"{Name(type).Split('<')[0]}<{string.Join(", ", info.GenericTypeArguments.Select(a => Annotated(a.Type, a)))}>"
            : Name(type);
        return !type.IsValueType && info.ReadState == NullabilityState.Nullable ? name + "?" : name;
    }

    private static string Literal(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!);
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Name(underlying) + "?";
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        string name = type.IsNested && !type.IsGenericParameter ? Name(type.DeclaringType!) + "." + type.Name : type.Name;
        return type.IsGenericType ? $"{name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : name;
    }
}
