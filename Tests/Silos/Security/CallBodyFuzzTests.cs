using System.Buffers;
using System.Collections;
using System.Reflection;
using System.Text;

using Microsoft.Extensions.DependencyInjection;

using Orleans.Serialization;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Buffers.Adaptors;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Invocation;
using Orleans.Serialization.Session;
using Orleans.Serialization.TypeSystem;
using Orleans.Serialization.WireProtocol;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Silos.Security.Gateway;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>
/// Bodies of calls of all our interfaces, as the silo's serializer reads them before anybody asks who calls: with the session that a connection keeps for
/// all its messages; as they are, and as the gateway lets them through.
/// </summary>
public sealed class CallBodyFuzzTests : SiloTest
{
    // Mostly below 64 KiB; from time to time the serializer's table of types' names grows.
    private const int MostBytes = 1 << 20;

    [Fact]
    public void Mutants_of_a_call_are_some_value_or_refused_and_the_next_call_is_read()
    {
        Serializer<object> serializer = Silo.Services.GetRequiredService<Serializer<object>>();
        using SerializerSession session = Silo.Services.GetRequiredService<SerializerSessionPool>().GetSession();
        Type[] calls = [.. typeof(IRunGrain).Assembly.GetTypes().Where(t => t.IsAssignableTo(typeof(IInvokable)) && !t.IsAbstract)];
        byte[][] seeds = [.. calls.Select(c => serializer.SerializeToArray(Call(c)))];
        Assert.InRange(seeds.Length, 40, int.MaxValue);

        // The end of a value, of inherited fields, an array in an array, references, lengths, names of types.
        byte[][] words =
        [
            [0xE0], [0xE8], [0x20], [0x28, 0x2F, 0, 3], [0xC1, 1], [0xFF, 0xFF, 0xFF, 0x7F], [0x80, 0, 0, 0], .. seeds.Take(5),
            .. new[] { "System.Object[]", "System.Diagnostics.Process", "(\"inv\",", "[[", "]]" }.Select(Encoding.UTF8.GetBytes),
        ];
        var random = new Random(5);
        int refused = 0;
        for (int i = 0; i < FuzzInputs.Count; i++)
        {
            byte[] seed = seeds[i % seeds.Length];
            byte[] mutant = FuzzInputs.Mutate(seed, random, words);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exception? fault = Record.Exception(() => serializer.Deserialize(mutant, session));
            session.PartialReset();
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
            Assert.True(fault is null || IsRefusal(fault), fault?.ToString());
            refused += fault is null ? 0 : 1;
            Assert.IsType(calls[i % seeds.Length], serializer.Deserialize(seed, session));
            session.PartialReset();
        }

        Assert.InRange(refused, FuzzInputs.Count / 2, FuzzInputs.Count);
    }

    [Fact]
    public void What_the_gateway_lets_through_is_read_to_its_last_byte_and_leaves_no_name_and_no_unread_field_behind()
    {
        IServiceProvider services = Silo.Services;
        using SerializerSession session = services.GetRequiredService<SerializerSessionPool>().GetSession();
        SampleRequest request = new() { Run = "r", Seed = ulong.MaxValue, Steps = 5, Mixing = "top-2", Guidance = 1.5, Experts = [1, 2], Classes = [3] };
        byte[][] seeds =
        [
            .. Frames.OwnCalls.Select(t => Frames.Body(WireShape.StreamOf(t) is null ? GatewayCallsTests.Filled(t) : Frames.StartOfStream(GatewayCallsTests.Filled(t)))),
            .. Enumerable.Repeat(Frames.Body(Frames.StreamWith(request)), 8),
        ];
        byte[][] words = [[0xE0], [0xE8], [0xC1, 1], [0xC1, 3], [0x48, 5, 3, (byte)'x'], [0, 0, 2, 0, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0, 0], .. seeds.Take(5)];
        byte[][] nests = [[0x20], [0x21], [0x28, 0x2F, 0, 3], [0x29, 0x2F, 0, 3], [0x2B, 0x2B], [.. HostileBodies.Call()], [0x41, 0x80]];
        foreach (byte[] seed in seeds)
        {
            Read(seed); // What the serializer learns of these is not counted.
        }

        int known = Names();
        var random = new Random(6);
        int passed = 0;
        for (int i = 0; i < FuzzInputs.AtLeast(40_000); i++)
        {
            byte[] mutant = i % 2 == 0 ? FuzzInputs.Mutate(seeds[i / 2 % seeds.Length], random, words) : [.. seeds[i / 2 % seeds.Length]];
            if (i % 2 != 0)
            {
                mutant[random.Next(mutant.Length)] ^= (byte)(1 << random.Next(8));
            }

            if (i % 16 == 0 && mutant.Length > 0)
            {
                int at = random.Next(mutant.Length), depth = random.Next(1, 20_000);
                byte[] nest = nests[random.Next(nests.Length)];
                mutant = [.. mutant[..at], .. HostileBodies.Nested(nest, nest, nest.Length > 4 ? 1 + (depth / 50) : depth), .. mutant[at..]];
            }

            try
            {
                Frames.Calls.CheckBody(Frames.Pieces(mutant, random.Next(1, 64)));
            }
            catch (GatewayException)
            {
                continue;
            }

            passed++;
            Read(mutant);
        }

        Assert.InRange(passed, 1000, int.MaxValue);
        Assert.Equal(known, Names());

        // As one piece and as many: at the end of a piece the serializer reads numbers in another way.
        void Read(byte[] body)
        {
            foreach (ReadOnlySequence<byte> pieces in (ReadOnlySequence<byte>[])[new(body), .. new[] { 1, 3, 8, 11 }.Select(size => Frames.Pieces(body, size))])
            {
                if (body.Length == 0)
                {
                    continue; // The runtime does not read a body that is not there.
                }

                Reader<ReadOnlySequenceInput> reader = Reader.Create(pieces, session);
                try
                {
                    Field field = reader.ReadFieldHeader();
                    session.CodecProvider.GetCodec(field.FieldType!).ReadValue(ref reader, field);
                    Assert.Equal(body.Length, reader.Position);
                }
                catch (Exception e) when (IsRefusal(e))
                {
                    // Of the right shape and wrong all the same.
                }

                Assert.DoesNotContain(session.ReferencedObjects.CopyReferenceTable().Values, v => v is UnknownFieldMarker);
                session.Reset();
            }
        }

        // What the serializer remembers of types' names, which it never forgets.
        int Names() => new object[] { services.GetRequiredService<TypeCodec>(), services.GetRequiredService<TypeConverter>() }.Sum(o => o.GetType()
            .GetFields(BindingFlags.Instance | BindingFlags.NonPublic).Select(f => f.GetValue(o)).OfType<ICollection>().Sum(c => c.Count));
    }

    [Fact]
    public void Types_that_are_not_on_the_list_are_not_created()
    {
        byte[] name = Encoding.UTF8.GetBytes("System.Diagnostics.Process,System.Diagnostics.Process");
        byte[] body = [0x30, 1, 0, 0, 0, 0, (byte)((name.Length << 1) | 1), .. name, 0xE0]; // a value of a type: version, hash, length, name; its end
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => Silo.Services.GetRequiredService<Serializer<object>>().Deserialize(body));
        Assert.Contains("\"System.Diagnostics.Process\" is not allowed", e.Message, StringComparison.Ordinal);
    }

    private object Call(Type type)
    {
        object call = ActivatorUtilities.CreateInstance(Silo.Services, type);
        foreach (FieldInfo field in type.GetFields().Where(f => f.Name.StartsWith("arg", StringComparison.Ordinal)))
        {
            bool ours = field.FieldType.IsClass && field.FieldType.Assembly == type.Assembly;
            field.SetValue(call, FilledMessages.Filled(field.FieldType, 3) ?? (ours ? FilledMessages.Message(field.FieldType) : field.GetValue(call)));
        }

        return call;
    }

    // What the serializer says of bytes that it cannot read, and the runtime of types that there are not.
    private static bool IsRefusal(Exception e) =>
        e is SerializerException or InvalidOperationException or ArgumentException or IndexOutOfRangeException or NotSupportedException or OverflowException
            or KeyNotFoundException or FormatException or InvalidCastException or TypeLoadException or FileLoadException or FileNotFoundException;
}
