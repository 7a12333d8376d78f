using System.Buffers;
using System.Reflection;

using Orleans;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Silos.Security.Gateway;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>What of a client's message the silo's serializer gets to read. That a real silo outlives the rest is for <see cref="HostileClientTests"/>.</summary>
public sealed class GatewayCallsTests
{
    private const string Client = "sys.client/0123456789abcdef0123456789abcdef";

    public static TheoryData<string> Hostile => [.. HostileBodies.All.Keys];

    public static TheoryData<string> HostileInContext => [.. HostileBodies.InContext.Keys];

    [Fact]
    public void All_calls_of_the_clusters_interfaces_pass_empty_and_filled_and_each_byte_of_them_counts()
    {
        Assert.InRange(Frames.OwnCalls.Length, 40, int.MaxValue);
        foreach (Type type in Frames.OwnCalls)
        {
            foreach (object call in (object[])[Activator.CreateInstance(type)!, Filled(type)])
            {
                byte[] body = Frames.Body(WireShape.StreamOf(type) is null ? call : Frames.StartOfStream(call));
                Frames.Calls.CheckBody(new ReadOnlySequence<byte>(body));
                for (int length = 1; length < body.Length; length++)
                {
                    Assert.Throws<GatewayException>(() => Frames.Calls.CheckBody(new ReadOnlySequence<byte>(body, 0, length)));
                }
            }
        }
    }

    [Fact]
    public void Largest_and_smallest_numbers_pass()
    {
        foreach (ulong seed in Enumerable.Range(0, 64).SelectMany(i => new[] { 1UL << i, (1UL << i) - 1, ~(1UL << i) }))
        {
            var request = new SampleRequest
            {
                Run = "r",
                Count = (int)seed,
                Seed = seed,
                FirstSample = (long)seed,
                Steps = -(int)seed,
                Guidance = BitConverter.UInt64BitsToDouble(seed),
                Experts = [(int)seed, int.MinValue, int.MaxValue],
                Fallback = true,
            };
            Frames.Calls.CheckBody(new ReadOnlySequence<byte>(Frames.Body(Frames.StreamWith(request))));
        }
    }

    [Fact]
    public void Of_Orleans_those_calls_pass_that_clients_need_and_admins_may_make()
    {
        Type[] all = [.. new[] { typeof(GrainId).Assembly, typeof(IManagementGrain).Assembly }.SelectMany(a => a.GetTypes()).Where(t => t.IsAssignableTo(typeof(IInvokable)) && !t.IsAbstract && t.IsDefined(typeof(CompoundTypeAliasAttribute)))];
        string[] open = [.. all.Where(t => Has(t)).Select(t => Interface(t).Name).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(
            ["IAsyncEnumerableGrainExtension", "ICancellationSourcesExtension", "IClusterManifestSystemTarget", "IGrainCallCancellationExtension", "IManagementGrain"],
            open);

        // Of these interfaces the rest takes references to grains, or values of any type.
        string[] closed = [.. all.Where(t => open.Contains(Interface(t).Name) && !Has(t)).Select(Method).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(["GetActivationAddress", "GetGrainActivationCount", "a generic one"], closed);
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void What_no_client_writes_is_refused_however_deep_it_goes_and_however_it_is_cut(string name)
    {
        byte[] body = HostileBodies.All[name];
        Assert.Throws<GatewayException>(() => Frames.Calls.CheckBody(new ReadOnlySequence<byte>(body)));
        Assert.Throws<GatewayException>(() => Frames.Calls.CheckBody(Frames.Pieces(body, 3)));
    }

    [Theory]
    [MemberData(nameof(HostileInContext))]
    public void In_the_request_context_it_is_refused_too(string name)
    {
        byte[] header = Frames.Header(Client, "run/run/r", Frames.Request | Frames.RequestContext, HostileBodies.InContext[name]);
        Assert.Throws<GatewayException>(() => new GatewayRules(Frames.Calls).Passes(header));
    }

    [Fact]
    public void Request_context_of_texts_numbers_ids_and_addresses_of_silos_passes()
    {
        object?[] values = ["ddm1:token", "", 1, long.MinValue, ulong.MaxValue, true, (byte)7, 'x', Guid.NewGuid(), SiloAddress.FromParsableString("127.0.0.1:5@9"), SiloAddress.FromParsableString("[::1]:0@0"), null];
        byte[] context = [(byte)((values.Length << 1) | 1), .. values.SelectMany(v => (byte[])[5, (byte)'k', .. Frames.Body(v)])];
        Assert.True(new GatewayRules(Frames.Calls).Passes(Frames.Header(Client, "run/run/r", Frames.Request | Frames.RequestContext, context)));
        Assert.Throws<GatewayException>(() => new GatewayRules(Frames.Calls).Passes(
            Frames.Header(Client, "run/run/r", Frames.Request | Frames.RequestContext, [.. context, 1])));
        foreach (object other in (object[])[1.5, new object[1], new InvalidOperationException(), typeof(string), new List<int> { 1 }])
        {
            Assert.Throws<GatewayException>(() => new GatewayRules(Frames.Calls).Passes(
                Frames.Header(Client, "run/run/r", Frames.Request | Frames.RequestContext, [3, 5, (byte)'k', .. Frames.Body(other)])));
        }
    }

    [Fact]
    public void A_greeting_is_one_and_nothing_else()
    {
        byte[] greeting = Frames.Preamble[sizeof(int)..];
        Frames.Calls.CheckGreeting(greeting);
        Assert.Throws<GatewayException>(() => Frames.Calls.CheckGreeting(greeting[..^1]));
        Assert.Throws<GatewayException>(() => Frames.Calls.CheckGreeting((byte[])[.. greeting, 0xE0]));
        Assert.Throws<GatewayException>(() => Frames.Calls.CheckGreeting((byte[])[.. greeting[..^1], .. HostileBodies.Nested([0x21], [0x20], 400), 0xE0]));
    }

    internal static object Filled(Type type)
    {
        object call = Activator.CreateInstance(type)!;
        foreach (FieldInfo field in type.GetFields().Where(f => f.Name.StartsWith("arg", StringComparison.Ordinal)))
        {
            bool ours = field.FieldType.IsClass && field.FieldType.Assembly == type.Assembly;
            field.SetValue(call, FilledMessages.Filled(field.FieldType, 3) ?? (ours ? FilledMessages.Message(field.FieldType) : field.GetValue(call)));
        }

        return call;
    }

    private static bool Has(Type call) => call.IsGenericTypeDefinition
        ? Interface(call) == typeof(IAsyncEnumerableGrainExtension) && Frames.Calls.Has(call.MakeGenericType(typeof(SampleProgress)))
        : Frames.Calls.Has(call);

    private static Type Interface(Type call) => call.GetCustomAttribute<CompoundTypeAliasAttribute>()!.Components.OfType<Type>().Last();

    private static string Method(Type call) => call.IsGenericTypeDefinition ? "a generic one" : ((IInvokable)Activator.CreateInstance(call)!).GetMethodName();
}
