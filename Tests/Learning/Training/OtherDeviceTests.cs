using System.Runtime.InteropServices;

using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using TorchSharp;

using Xunit;

using static TorchSharp.torch;

namespace OrleansDDM.Tests.Learning.Training;

/// <summary>
/// Networks on another device than that of the batches. libtorch's device <c>meta</c>, which has shapes but no values, stands in for a card, as far as it knows
/// the operations: it has no norms, convolutions and tables.
/// </summary>
public sealed class OtherDeviceTests
{
    private const int Batch = 3;
    private static readonly ModelShape Shape = new(1, 8, 8, 4);

    [Theory]
    [InlineData("mlp", ScalarType.Float32)]
    [InlineData("mlp", ScalarType.BFloat16)]
    [InlineData("mlp-router", ScalarType.Float32)]
    [InlineData("mlp-router", ScalarType.BFloat16)]
    public void Loss_and_gradients_are_computed_where_the_network_is(string kind, ScalarType dtype)
    {
        using DisposeScope scope = NewDisposeScope();
        var spec = new ModelSpec { Kind = "mlp", Width = 16, Depth = 2 };
        using Network network = (kind == "mlp" ? Networks.Denoiser(spec, Shape) : Networks.Router(spec, Shape, 5)).to(META).to(dtype);
        TrainingTensors batch = Draw(classification: kind != "mlp").To(META);
        Tensor loss = batch.Loss(network, dtype);
        Assert.Equal((DeviceType.META, ScalarType.Float32), (loss.device_type, loss.dtype));
        if (kind == "mlp-router")
        {
            loss.backward(); // of the squared error, meta knows no derivative
            Assert.All(network.parameters(), p => Assert.Equal(DeviceType.META, p.grad!.device_type));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_batch_is_moved_as_a_whole(bool classification)
    {
        using DisposeScope scope = NewDisposeScope();
        TrainingTensors batch = Draw(classification);
        TrainingTensors there = batch.To(META);
        Assert.All([there.Input, there.Time, there.Target, there.Classes!], t => Assert.Equal(DeviceType.META, t.device_type));
        Assert.Equal((batch.Target.dtype, batch.Classes!.dtype), (there.Target.dtype, there.Classes!.dtype));
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void A_forward_pass_brings_its_batch_to_the_network_and_the_answer_back(ScalarType dtype)
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new Spy();
        network.to(META).to(dtype);
        TrainingTensors batch = Draw(classification: false);
        var forward = new NetworkForward(network, dtype, fused: null);

        // From meta nothing can be brought back, which is what fails.
        var e = Assert.ThrowsAny<ExternalException>(() => forward.Run(batch.Input, batch.Time, batch.Classes));
        Assert.Contains("Cannot copy out of meta tensor", e.Message, StringComparison.Ordinal);
        Assert.Equal(
            [(DeviceType.META, dtype), (DeviceType.META, ScalarType.Float32), (DeviceType.META, ScalarType.Int64)],
            network.Seen.Select(t => (t.Device, t.Dtype)));
    }

    [Fact]
    public void On_the_cpu_a_batch_is_not_copied()
    {
        using DisposeScope scope = NewDisposeScope();
        TrainingTensors batch = Draw(classification: false);
        Assert.Same(batch, batch.To(CPU));
    }

    [Theory]
    [InlineData("adamw")]
    [InlineData("sgd")]
    public void Optimizers_work_where_the_vector_is(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using Network network = Networks.Denoiser(new ModelSpec { Width = 16, Depth = 1, Heads = 2 }, Shape);
        using ModelVector vector = ModelVector.Adopt(network);
        var spec = new TrainingSpec { WeightDecay = 0.1 };
        using IOptimizer optimizer = name == "sgd" ? new Sgd(vector, spec) : new AdamW(vector, spec);
        Assert.All(optimizer.Moments.Values, m => Assert.Equal(vector.Values.device_type, m.device_type));
    }

    [Fact]
    public void Tables_have_one_copy_for_a_device_and_keep_their_precision()
    {
        using Tensor values = tensor(new float[] { 1, 2, 3 });
        using var table = new FixedTensor(values.alias());
        Assert.Same(table.Values, table.On(CPU));
        Tensor there = table.On(META);
        Assert.Equal((DeviceType.META, ScalarType.Float32), (there.device_type, there.dtype));
        Assert.Same(there, table.On(META));
    }

    private static TrainingTensors Draw(bool classification)
    {
        Tensor input = zeros(Shape.Batch(Batch));
        Tensor classes = zeros(Batch, ScalarType.Int64);
        return new TrainingTensors(input, zeros(Batch), classes, classification ? zeros(Batch, ScalarType.Int64) : zeros_like(input));
    }

    /// <summary>A network that remembers what it was given.</summary>
    private sealed class Spy : Network
    {
        private readonly TorchSharp.Modules.Linear _any = nn.Linear(1, 1);

        public Spy()
            : base(nameof(Spy)) => register_module("any", _any);

        public List<(DeviceType Device, ScalarType Dtype)> Seen { get; } = [];

        public override Tensor forward(Tensor x, Tensor time, Tensor? classes)
        {
            Seen.AddRange(new[] { x, time, classes! }.Select(t => (t.device_type, t.dtype)));
            return x.alias();
        }
    }
}
