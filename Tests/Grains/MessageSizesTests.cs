using System.Reflection;
using System.Runtime.CompilerServices;

using Microsoft.Extensions.DependencyInjection;

using Orleans;
using Orleans.Runtime;

using OrleansDDM.Contracts.Devices;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Sampling;
using OrleansDDM.Grains;
using OrleansDDM.Grains.Devices;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains;

public sealed class MessageSizesTests : SiloTest
{
    [Theory]
    [InlineData(MessageSizes.Limit - 1024, false)]
    [InlineData(MessageSizes.Limit + 4, true)]
    public void Payload_above_the_limit_is_refused_by_name(long bytes, bool refused)
    {
        var request = new EvaluateRequest(new ModelReference("{}", "h", "router", new ArtifactReference("a", 1)), new float[bytes / 4], 1, 0, 1, 1, null);
        Exception? e = Record.Exception(() => MessageSizes.Require("EvaluateAsync", request));
        Assert.Equal(refused, e is MessageTooLargeException);
        Assert.Equal(refused, e?.Message.Contains("EvaluateAsync", StringComparison.Ordinal) ?? false);
        Assert.Equal(refused, Record.Exception(() => MessageSizes.Require("x", new byte[bytes])) is MessageTooLargeException);
    }

    [Fact]
    public void Every_array_and_text_of_every_message_counts()
    {
        const int length = 1000;
        int counted = 0;
        foreach (Type type in typeof(EvaluateRequest).Assembly.GetTypes().Where(t => t.IsDefined(typeof(GenerateSerializerAttribute), false) && !t.IsAbstract && !typeof(Exception).IsAssignableFrom(t)))
        {
            foreach (PropertyInfo member in FilledMessages.MembersOf(type))
            {
                if (FilledMessages.Filled(member.PropertyType, length) is { } large)
                {
                    object message = RuntimeHelpers.GetUninitializedObject(type);
                    member.SetValue(message, large);
                    Assert.True(MessageSizes.SizeOf(message) >= length, $"{type.Name}.{member.Name}");
                    Assert.True(MessageSizes.SizeOf((true, (object)new List<object> { message })) >= length, $"{type.Name}.{member.Name} in a stream");
                    counted++;
                }
            }
        }

        Assert.InRange(counted, 40, int.MaxValue);
        Assert.Equal(4 + 8 + 24 + 8 + 8, MessageSizes.SizeOf(new SampleResult([1], [1, 2], [[1], [1, 2]], [1], 9, 9, [1, 2])));
    }

    [Fact]
    public async Task Call_above_the_limit_is_refused_before_it_is_sent_and_the_silo_answers_on()
    {
        HoldAt(4);
        await Run().SubmitAsync(SpecJson.Write(Spec(experts: 1)));
        IDeviceHost host = Silo.Services.GetRequiredService<IDeviceHostClient>().On(Silo.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress);
        var request = new EvaluateRequest(
            new ModelReference("{}", "h", "router", new ArtifactReference("a", 1)), new float[(MessageSizes.Limit / 4) + 1], 1, 0, 1, 1, null);
        MessageTooLargeException e = await Assert.ThrowsAsync<MessageTooLargeException>(() => host.EvaluateAsync(request));
        Assert.Contains("EvaluateAsync", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await host.GetStatusAsync()).Slots.Length);
    }

    [Fact]
    public async Task Spec_of_a_million_characters_is_refused()
    {
        BadRequestException e = await Assert.ThrowsAsync<BadRequestException>(() => Run().SubmitAsync(new string(' ', 2_000_000)));
        Assert.Contains("characters", e.Message, StringComparison.Ordinal);
    }
}
