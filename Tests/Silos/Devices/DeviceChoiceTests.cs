using OrleansDDM.Contracts.Devices;
using OrleansDDM.Learning.Devices;
using OrleansDDM.Silos.Cluster;
using OrleansDDM.Silos.Devices;
using OrleansDDM.Tests.Grains;

using Xunit;

namespace OrleansDDM.Tests.Silos.Devices;

public sealed class DeviceChoiceTests : IDisposable
{
    private static readonly ComputeDevice Cpu = new("cpu", "a processor", 1000);
    private static readonly ComputeDevice[] Cards = [new("cuda:0", "a card", 500), new("cuda:1", "a card", 400)];

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("auto", 2, "cuda", 2, 400)]
    [InlineData("auto", 0, "cpu", 1, 1000)]
    [InlineData("cpu", 2, "cpu", 1, 1000)]
    [InlineData("cuda", 1, "cuda", 1, 500)]
    public async Task Cards_are_taken_where_there_are_any_unless_the_cpu_is_asked_for(string device, int cards, string kind, int count, long memory)
    {
        DeviceFacts facts = await new DeviceChoice { Device = device }.ReadAsync(Learning(cards), 1);
        Assert.Equal((kind, count, memory, 0.0), (facts.Kind, facts.Count, facts.Memory, facts.Gflops));
        Assert.Equal(kind == "cuda" ? count : Environment.ProcessorCount, DeviceChoice.SlotsOf(facts));
    }

    [Fact]
    public async Task A_card_that_is_asked_for_and_is_not_there_is_an_error_that_says_where_to_look()
    {
        var e = await Assert.ThrowsAsync<ConfigurationException>(() => new DeviceChoice { Device = "cuda" }.ReadAsync(Learning(0), 1));
        Assert.Contains("-p:TorchBackend=cuda", e.Message, StringComparison.Ordinal);
        Assert.Contains("CUDA_VISIBLE_DEVICES", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_given_is_not_looked_up()
    {
        FakeRuntime learning = Learning(1);
        DeviceFacts facts = await new DeviceChoice { Memory = 7, Gflops = 3.5 }.ReadAsync(learning, 1, _folder);
        Assert.Equal((7, 3.5), (facts.Memory, facts.Gflops));
        Assert.Equal(0, ((FakeSurvey)learning.Devices!).Measured);
    }

    [Fact]
    public async Task Speed_is_measured_once_for_a_folder_device_and_number_of_threads()
    {
        FakeRuntime learning = Learning(1);
        var survey = (FakeSurvey)learning.Devices!;
        async Task<double> Read(string device, int threads) => (await new DeviceChoice { Device = device }.ReadAsync(learning, threads, _folder)).Gflops;
        var speeds = new List<double>();
        foreach ((string device, int threads) in new[] { ("cuda", 1), ("cuda", 1), ("cuda", 2), ("cpu", 2), ("cuda", 1) })
        {
            speeds.Add(await Read(device, threads));
        }

        Assert.Equal([11.0, 11, 12, 13, 14], speeds);

        // What was written half-way, or by somebody else, is measured again.
        foreach (string damage in (string[])["{ \"device\": \"cu", "null", "{}", string.Empty])
        {
            File.WriteAllText(_folder.File("device.json"), damage);
            Assert.Equal(survey.Measured + 11, await Read("cuda", 1));
        }
    }

    private static FakeRuntime Learning(int cards) => new() { Devices = new FakeSurvey([Cpu, .. Cards[..cards]]) };

    private sealed class FakeSurvey(ComputeDevice[] devices) : IDeviceSurvey
    {
        public int Measured { get; private set; }

        public IReadOnlyList<ComputeDevice> Find() => devices;

        public long? FreeMemory(string device) => 1;

        public double MeasureGflops(string device, int threads) => 10 + ++Measured;
    }
}
