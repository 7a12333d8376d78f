using System.Reflection;

using Orleans;
using Orleans.Runtime;

namespace OrleansDDM.Silos.Security.Gateway;

/// <summary>
/// How Orleans' serializer writes a value of a type, as far as a client's calls need it: forms that it alone would read otherwise (a half as a number of
/// variable length, an integer of 128 bits) are left out, so what has a shape is read by the serializer just as it is read here.
/// </summary>
internal sealed class WireShape
{
    /// <summary>Wire types, by their number on the wire.</summary>
    public const int VarInt = 0;
    public const int TagDelimited = 1;
    public const int LengthPrefixed = 2;
    public const int Fixed32 = 3;
    public const int Fixed64 = 4;
    public const int Reference = 6;

    /// <summary>Integers, truth values, characters, enumerations.</summary>
    public static readonly WireShape Number = new([VarInt, Fixed32, Fixed64]);

    /// <summary>Texts and arrays of bytes.</summary>
    public static readonly WireShape Bytes = new([LengthPrefixed, Reference]);

    /// <summary>What has one length.</summary>
    public static readonly WireShape Blob = new([LengthPrefixed]);

    /// <summary>The address of a silo: address, port, generation.</summary>
    public static readonly WireShape Silo = new([TagDelimited, Reference], [[Bytes, Number, Number]]);

    private static readonly WireShape Real = new([Fixed32, Fixed64]);
    private static readonly WireShape Ticks = new([Fixed64]);
    private static readonly WireShape Stream = new([TagDelimited]) { IsStream = true };

    /// <summary>A client's greeting: protocol, client, silo, cluster.</summary>
    public static readonly WireShape Greeting = new([TagDelimited], [[Number, Of(typeof(GrainId), []), Silo, Bytes]]);

    private readonly int _wires;

    private WireShape(int[] wires, WireShape?[][]? sections = null)
    {
        _wires = wires.Sum(w => 1 << w);
        Sections = sections ?? [];
    }

    /// <summary>Fields by id: those of the base type, if it has any, then its own.</summary>
    public WireShape?[][] Sections { get; }

    /// <summary>Whether it is an array: field 0 is the length, field 1 comes as often as there are elements.</summary>
    public bool IsArray { get; private init; }

    /// <summary>Whether its type is named in the message, and is a call that a stream begins with.</summary>
    public bool IsStream { get; private init; }

    /// <summary>Whether the value may come so.</summary>
    public bool Has(int wire) => (_wires & (1 << wire)) != 0;

    /// <summary>The shape of a call; null = one of its arguments has none.</summary>
    public static WireShape? OfCall(Type call)
    {
        // A token of cancellation does not travel.
        FieldInfo[] arguments = [.. call.GetFields().Where(f => f.Name.StartsWith("arg", StringComparison.Ordinal) && f.FieldType != typeof(CancellationToken))];
        WireShape?[] own = [.. arguments.OrderBy(a => a.Name.Length).ThenBy(a => a.Name, StringComparer.Ordinal).Select(a => Of(a.FieldType, []))];
        return own.Contains(null) ? null : new WireShape([TagDelimited], StreamOf(call) is null ? [own] : [[Number], own]);
    }

    /// <summary>What the stream is of that a call begins; null = it begins none.</summary>
    public static Type? StreamOf(Type call)
    {
        for (Type? type = call.BaseType; type is not null; type = type.BaseType)
        {
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(AsyncEnumerableRequest<>))
            {
                return type.GetGenericArguments()[0];
            }
        }

        return null;
    }

    // No type holds itself, so depth is bounded by the types.
    private static WireShape? Of(Type type, Type[] within)
    {
        if (within.Contains(type))
        {
            return null;
        }

        Type[] inside = [.. within, type];
        return type switch
        {
            _ when type.IsEnum || (type.IsPrimitive && type != typeof(float) && type != typeof(double) && type != typeof(nint) && type != typeof(nuint)) => Number,
            _ when type == typeof(float) || type == typeof(double) => Real,
            _ when type == typeof(string) || type == typeof(byte[]) => Bytes,
            _ when type == typeof(Guid) => Blob,
            _ when type == typeof(TimeSpan) || type == typeof(DateTime) => Ticks,
            _ when type == typeof(DateTimeOffset) => new WireShape([TagDelimited], [[Ticks, Ticks]]),
            _ when type == typeof(SiloAddress) => Silo,
            _ when type.IsSZArray => Of(type.GetElementType()!, inside) is { } element
                ? new WireShape([TagDelimited, Reference], [[Number, element]]) { IsArray = true }
                : null,
            _ when Nullable.GetUnderlyingType(type) is { } value => Of(value, inside) is { } shape ? new WireShape([.. Wires(shape), Reference], shape.Sections) : null,
            _ when type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IAsyncEnumerableRequest<>) => Stream,
            _ when type.IsDefined(typeof(GenerateSerializerAttribute), false) => OfMembers(type, inside),
            _ => null,
        };
    }

    private static IEnumerable<int> Wires(WireShape shape) => Enumerable.Range(0, 7).Where(shape.Has);

    private static WireShape? OfMembers(Type type, Type[] inside)
    {
        if (type is { IsValueType: false, IsSealed: false } || (type.IsClass && type.BaseType != typeof(object)))
        {
            return null; // Another type could come in its place, or has fields before its own.
        }

        const BindingFlags All = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        (uint Id, Type Type)[] members =
        [
            .. type.GetProperties(All).Where(p => p.IsDefined(typeof(IdAttribute))).Select(p => (p.GetCustomAttribute<IdAttribute>()!.Id, p.PropertyType)),
            .. type.GetFields(All).Where(f => f.IsDefined(typeof(IdAttribute))).Select(f => (f.GetCustomAttribute<IdAttribute>()!.Id, f.FieldType)),
        ];
        var own = new WireShape?[members.Length == 0 ? 0 : members.Max(m => m.Id) + 1];
        foreach ((uint id, Type member) in members)
        {
            if ((own[id] = Of(member, inside)) is null)
            {
                return null;
            }
        }

        // A record is written as if it had a base without fields.
        bool record = type.GetMethod("<Clone>$") is not null;
        return new WireShape(type.IsValueType ? [TagDelimited] : [TagDelimited, Reference], record ? [[], own] : [own]);
    }
}
