using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Reflection;
using System.Text;

using Microsoft.Extensions.DependencyInjection;

using Orleans;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Serialization.Invocation;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Silos.Security.Gateway;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>Messages as a client of Orleans 10.4 puts them on the wire, as far as the gateway's guard reads them.</summary>
internal static class Frames
{
    public const uint Request = 1 << 16;
    public const uint Response = 2 << 16;
    public const uint OneWay = 3 << 16;
    public const uint System = 1;
    public const uint CacheInvalidation = 1 << 7;

    public const uint RequestContext = 1 << 4;

    private const string Client = "sys.client/0123456789abcdef0123456789abcdef";

    private static readonly ServiceProvider Services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    /// <summary>What the guard lets through.</summary>
    public static GatewayCalls Calls { get; } = ActivatorUtilities.CreateInstance<GatewayCalls>(Services);

    /// <summary>All calls of the cluster's own interfaces.</summary>
    public static Type[] OwnCalls { get; } = [.. typeof(IRunGrain).Assembly.GetTypes().Where(t => t.IsAssignableTo(typeof(IInvokable)) && !t.IsAbstract)];

    /// <summary>A greeting of the client that the tests' messages come from.</summary>
    public static byte[] Preamble { get; } = Greeting(Client, "ddm");

    /// <summary>A greeting as a client writes it.</summary>
    public static byte[] Greeting(string client, string cluster)
    {
        Type type = typeof(IClusterClient).Assembly.GetType("Orleans.Runtime.Messaging.ConnectionPreamble") ?? Type.GetType("Orleans.Runtime.Messaging.ConnectionPreamble, Orleans.Core", true)!;
        object greeting = Activator.CreateInstance(type)!;
        type.GetProperty("NetworkProtocolVersion")!.SetValue(greeting, Enum.ToObject(type.GetProperty("NetworkProtocolVersion")!.PropertyType, 1));
        type.GetProperty("NodeIdentity")!.SetValue(greeting, GrainId.Parse(client, CultureInfo.InvariantCulture));
        type.GetProperty("ClusterId")!.SetValue(greeting, cluster);
        object serializer = Services.GetRequiredService(typeof(Serializer<>).MakeGenericType(type));
        var bytes = (byte[])serializer.GetType().GetMethod("SerializeToArray", [type])!.Invoke(serializer, [greeting])!;
        return [.. BitConverter.GetBytes(bytes.Length), .. bytes];
    }

    /// <summary>A body, or a value of the request context, as a client writes it.</summary>
    public static byte[] Body(object? call) => Services.GetRequiredService<Serializer<object?>>().SerializeToArray(call);

    /// <summary>The call that submits a spec.</summary>
    public static object Submit(string spec)
    {
        object call = Own(Aliases.Submit);
        call.GetType().GetField("arg0")!.SetValue(call, spec);
        return call;
    }

    /// <summary>The call of an alias, without arguments.</summary>
    public static object Own(string alias) => Activator.CreateInstance(OwnCalls.First(t => t.GetCustomAttribute<CompoundTypeAliasAttribute>()!.Components.Contains(alias)))!;

    /// <summary>The call that begins a stream of samples.</summary>
    public static object StreamWith(SampleRequest request)
    {
        object call = Own(Aliases.Sample);
        call.GetType().GetField("arg0")!.SetValue(call, request);
        return StartOfStream(call);
    }

    /// <summary>The call of Orleans that begins a stream with a call; without one, a stream of samples.</summary>
    public static object StartOfStream(object? inner = null)
    {
        Type start = typeof(IAsyncEnumerableGrainExtension).Assembly.GetTypes().First(t => t.IsAssignableTo(typeof(IInvokable)) && t.IsGenericType && !t.IsAbstract
            && t.GetCustomAttribute<CompoundTypeAliasAttribute>() is { } alias && alias.Components.Contains(typeof(IAsyncEnumerableGrainExtension)) && t.GetField("arg1")?.FieldType.IsInterface == true)
            .MakeGenericType(inner is null ? typeof(SampleProgress) : WireShape.StreamOf(inner.GetType())!);
        object call = Activator.CreateInstance(start)!;
        start.GetField("arg1")!.SetValue(call, inner);
        return call;
    }

    /// <summary>A header: flags, number, sender, target, no addresses of silos, and the rest.</summary>
    public static byte[] Header(string sender, string target, uint flags, byte[]? rest = null)
    {
        using var header = new MemoryStream();
        Write(header, flags);
        header.Write(new byte[8]);
        foreach (string id in (string[])[sender, target])
        {
            int slash = id.IndexOf('/', StringComparison.Ordinal);
            WriteText(header, id[..slash]);
            WriteText(header, id[(slash + 1)..]);
        }

        header.Write([1, 1, .. rest ?? []]);
        return header.ToArray();
    }

    /// <summary>A whole message that submits a spec of so many characters, or has no body.</summary>
    public static byte[] Message(string sender, string target, uint flags, int body) =>
        Message(Header(sender, target, flags), body == 0 ? [] : Body(Submit(new string('x', body))));

    /// <summary>A whole message.</summary>
    public static byte[] Message(byte[] header, byte[] body) => [.. BitConverter.GetBytes(header.Length), .. BitConverter.GetBytes(body.Length), .. header, .. body];

    /// <summary>Bytes in pieces of a size, as they come from a connection.</summary>
    public static ReadOnlySequence<byte> Pieces(byte[] bytes, int size)
    {
        Piece? first = null, last = null;
        foreach (byte[] part in bytes.Chunk(size))
        {
            last = new Piece(part, last);
            first ??= last;
        }

        return first is null ? default : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    private static void WriteText(Stream to, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length < 128)
        {
            to.WriteByte((byte)((bytes.Length << 1) | 1));
        }
        else
        {
            to.WriteByte((byte)((bytes.Length << 2) | 2));
            to.WriteByte((byte)(bytes.Length >> 6));
        }

        Write(to, (uint)IdSpan.Create(text).GetHashCode());
        to.Write(bytes);
    }

    private static void Write(Stream to, uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        to.Write(bytes);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(byte[] bytes, Piece? before)
        {
            Memory = bytes;
            RunningIndex = before is null ? 0 : before.RunningIndex + before.Memory.Length;
            if (before is not null)
            {
                before.Next = this;
            }
        }
    }
}
