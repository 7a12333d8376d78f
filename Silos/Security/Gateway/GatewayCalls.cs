using System.Buffers;
using System.Buffers.Binary;
using System.Reflection;
using System.Text;

using Microsoft.Extensions.Options;

using Orleans;
using Orleans.Runtime;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Configuration;
using Orleans.Serialization.Invocation;
using Orleans.Serialization.Session;
using Orleans.Serialization.TypeSystem;

using OrleansDDM.Silos.Security.Access;

namespace OrleansDDM.Silos.Security.Gateway;

/// <summary>
/// The calls that clients may put into a message, and how their bytes look: all of this cluster's own interfaces, and of Orleans' interfaces those with a
/// method that is open to clients. Orleans' serializer reads a message before anybody asks who sends it. It goes as deep as the bytes say and keeps each
/// name of a type that it can resolve, so it gets to read what these calls need and nothing else.
/// </summary>
internal sealed class GatewayCalls
{
    private const int TimeToLiveBytes = 4;
    private const int MaxAddressBytes = 64;

    private readonly TypeCodec _names;
    private readonly Dictionary<string, WireShape> _calls = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WireShape> _streams = new(StringComparer.Ordinal);
    private readonly string _siloAddress;

    public GatewayCalls(IOptions<TypeManifestOptions> types, TypeCodec names)
    {
        _names = names;
        _siloAddress = Named(typeof(SiloAddress));
        Type[] calls = [.. types.Value.Serializers.SelectMany(s => s.GetInterfaces())
            .Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IFieldCodec<>)).Select(i => i.GetGenericArguments()[0])
            .Where(t => t.IsAssignableTo(typeof(IInvokable)) && IsForClients(t))];
        Type[] streams = [.. calls.Select(WireShape.StreamOf).OfType<Type>().Where(t => !t.ContainsGenericParameters).Distinct()];
        foreach (Type call in calls)
        {
            if (!call.ContainsGenericParameters)
            {
                Add(call);
            }
            else if (InterfaceOf(call) == typeof(IAsyncEnumerableGrainExtension))
            {
                foreach (Type stream in streams)
                {
                    Add(call.GetGenericTypeDefinition().MakeGenericType(stream));
                }
            }
        }
    }

    /// <summary>Checks a client's greeting.</summary>
    /// <exception cref="GatewayException">No client's serializer writes it.</exception>
    public void CheckGreeting(ReadOnlyMemory<byte> greeting)
    {
        var reader = new WireReader(new ReadOnlySequence<byte>(greeting), this);
        reader.Greeting();
        if (!reader.AtEnd)
        {
            throw new GatewayException("a greeting with something behind its end");
        }
    }

    /// <summary>Checks what follows the target in a message's header.</summary>
    /// <exception cref="GatewayException">No client's serializer writes it.</exception>
    public void CheckHeader(GatewayFrame frame, ReadOnlyMemory<byte> rest)
    {
        var reader = new WireReader(new ReadOnlySequence<byte>(rest), this);
        for (int i = 0; i < 2; i++)
        {
            uint address = reader.Number32(); // The sending silo's, the target silo's; 0 = none.
            reader.Skip(address <= MaxAddressBytes ? address : throw new GatewayException("a silo's address that is none"));
        }

        reader.Skip(frame.HasTimeToLive ? TimeToLiveBytes : 0);
        if (frame.HasInterfaceType && reader.Number32() is > 0 and var length)
        {
            reader.Skip(sizeof(int) + (long)length);
        }

        if (frame.HasInterfaceVersion)
        {
            reader.Number32();
        }

        for (uint left = frame.HasRequestContext ? reader.Number32() : 0; left > 0; left--)
        {
            reader.Skip(Math.Max(reader.Number32(), 1) - 1); // A key's length and one.
            reader.ContextValue();
        }

        if (!reader.AtEnd)
        {
            throw new GatewayException("a header with something behind its end");
        }
    }

    /// <summary>Checks a message's body.</summary>
    /// <exception cref="GatewayException">It is no call that clients make.</exception>
    public void CheckBody(ReadOnlySequence<byte> body)
    {
        if (body.IsEmpty)
        {
            return;
        }

        var reader = new WireReader(body, this);
        reader.Call();
        if (!reader.AtEnd)
        {
            throw new GatewayException("a body with something behind its end");
        }
    }

    /// <summary>Whether clients may put a call into a message.</summary>
    internal bool Has(Type call) => _calls.ContainsKey(Named(call)) || _streams.ContainsKey(Named(call));

    /// <summary>The shape of the call of a name.</summary>
    internal WireShape Call(byte[] name) => Find(_calls, name);

    /// <summary>The shape of the call of a name, which begins a stream.</summary>
    internal WireShape Stream(byte[] name) => Find(_streams, name);

    /// <summary>The shape of a value in the request context whose type has a name.</summary>
    internal WireShape ContextType(byte[] name) => Key(name) == _siloAddress ? WireShape.Silo : throw Unknown(name);

    /// <summary>The shape of a value in the request context whose type has a number; null = there is none such.</summary>
    internal static WireShape? ContextType(uint? wellKnown) => wellKnown switch
    {
        2 => WireShape.Bytes, // A text.
        1 or 3 or 4 or 5 or 6 or 7 or 8 or 9 or 10 or 14 => WireShape.Number, // Integers, a truth value, a character.
        15 => WireShape.Blob, // An id of 16 bytes.
        _ => null,
    };

    private static WireShape Find(Dictionary<string, WireShape> shapes, byte[] name) => shapes.TryGetValue(Key(name), out WireShape? shape) ? shape : throw Unknown(name);

    private static GatewayException Unknown(byte[] name)
    {
        string text = Encoding.UTF8.GetString(name.AsSpan(Math.Min(name.Length, 6)));
        return new GatewayException($"the name of a type that no call of this cluster's clients has there: '{text[..Math.Min(text.Length, 120)]}'");
    }

    // Byte by byte a character, so that no two names are one.
    private static string Key(ReadOnlySpan<byte> name) => Encoding.Latin1.GetString(name);

    private static bool IsForClients(Type call) => InterfaceOf(call) is { } type
        && (!type.Assembly.GetName().Name!.StartsWith("Orleans.", StringComparison.Ordinal)
            || type.FullName == AccessFilter.Manifest
            || type.GetMethods().Any(m => AccessRule.Of(m).Roles != Contracts.Security.Roles.None));

    private static Type? InterfaceOf(Type call) =>
        call.GetCustomAttribute<CompoundTypeAliasAttribute>()?.Components.OfType<Type>().FirstOrDefault(t => t.IsInterface && t.IsAssignableTo(typeof(IAddressable)));

    private void Add(Type call)
    {
        if (WireShape.OfCall(call) is { } shape)
        {
            (WireShape.StreamOf(call) is null ? _calls : _streams).Add(Named(call), shape);
        }
    }

    private string Named(Type type)
    {
        var bytes = new ArrayBufferWriter<byte>();
        Writer<ArrayBufferWriter<byte>> writer = Writer.Create(bytes, (SerializerSession)null!);
        _names.WriteEncodedType(ref writer, type);
        writer.Commit();
        return Key(bytes.WrittenSpan);
    }
}
