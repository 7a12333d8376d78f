using System.Runtime.InteropServices;

using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

using TorchSharp;

using Xunit;

using static TorchSharp.torch;

namespace OrleansDDM.Tests.Learning.Training;

/// <summary>
/// Networks on another device than that of the batches. libtorch's device <c>meta</c> stands in for a card: it has shapes but no values, and refuses
/// operations between devices just as cards do.
/// </summary>
public sealed class OtherDeviceTests
{
    private const int Batch = 3;
    private static readonly ModelShape Shape = new(1, 8, 8, 4);

    public static TheoryData<string, bool, ScalarType> Kinds
    {
        get
        {
            var kinds = new TheoryData<string, bool, ScalarType>();
            foreach (string kind in (string[])["dit", "unet", "mlp", "router", "mlp-router"])
            {
                foreach (ScalarType dtype in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
                {
                    kinds.Add(kind, false, dtype);
                    if (!kind.EndsWith("router", StringComparison.Ordinal))
                    {
                        kinds.Add(kind, true, dtype);
                    }
                }
            }

            return kinds;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Loss_and_gradients_are_computed_where_the_network_is(string kind, bool conditional, ScalarType dtype)
    {
        using DisposeScope scope = NewDisposeScope();
        using Network network = Open(kind, conditional).to(META).to(dtype);
        TrainingTensors batch = Draw(kind, conditional);
        TrainingTensors there = batch.To(META);
        Assert.All(new[] { there.Input, there.Time, there.Target, there.Classes ?? there.Target }, t => Assert.Equal(DeviceType.META, t.device_type));
        Tensor loss = there.Loss(network, dtype);
        loss.backward();
        Assert.Equal((DeviceType.META, ScalarType.Float32), (loss.device_type, loss.dtype));
        Assert.All(network.parameters(), p => Assert.Equal(DeviceType.META, p.grad!.device_type));

        // A batch that stayed behind is refused, as it would be by a card.
        Assert.ThrowsAny<Exception>(() => batch.Loss(network, dtype));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_forward_pass_takes_a_batch_of_the_cpu_and_fails_only_where_meta_has_no_values_to_bring_back(string kind, bool conditional, ScalarType dtype)
    {
        using DisposeScope scope = NewDisposeScope();
        using Network network = Open(kind, conditional).to(META).to(dtype);
        TrainingTensors batch = Draw(kind, conditional);
        var forward = new NetworkForward(network, dtype, fused: null);
        var e = Assert.ThrowsAny<ExternalException>(() => forward.Run(batch.Input, batch.Time, batch.Classes));
        Assert.Contains("Cannot copy out of meta tensor", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void On_the_cpu_a_batch_is_not_copied()
    {
        using DisposeScope scope = NewDisposeScope();
        TrainingTensors batch = Draw("dit", true);
        Assert.Same(batch, batch.To(CPU));
    }

    [Theory]
    [InlineData("adamw")]
    [InlineData("sgd")]
    public void Optimizers_work_where_the_vector_is(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using Network network = Open("dit", conditional: false);
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

    private static Network Open(string kind, bool conditional)
    {
        var spec = new ModelSpec { Kind = kind.Replace("-router", string.Empty, StringComparison.Ordinal), Patch = 4, Width = 16, Depth = 2, Heads = 2, ClassConditional = conditional };
        return kind switch
        {
            "router" => Networks.Router(spec with { Kind = "dit" }, Shape, 5),
            "mlp-router" => Networks.Router(spec, Shape, 5),
            _ => Networks.Denoiser(spec, Shape),
        };
    }

    private static TrainingTensors Draw(string kind, bool conditional)
    {
        Tensor input = zeros(Shape.Batch(Batch));
        return new TrainingTensors(
            input,
            zeros(Batch),
            conditional ? zeros(Batch, ScalarType.Int64) : null,
            kind.EndsWith("router", StringComparison.Ordinal) ? zeros(Batch, ScalarType.Int64) : zeros_like(input));
    }
}
