using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Models.Fused;

using TorchSharp;

using Xunit;

using static TorchSharp.torch;

namespace OrleansDDM.Tests.Learning.Models;

/// <summary>The module and autograd are the reference. Where the processor has no 512-bit vectors there is no fused form, and nothing to compare.</summary>
public sealed class FusedTransformerTests
{
    /// <summary>Channels, height, width, patch, width, depth, heads, classes, logits, batch: also sizes that fill no block and no vector.</summary>
    public static TheoryData<int[]> Sizes => new()
    {
        { [1, 28, 28, 4, 64, 2, 4, 0, 0, 5] },
        { [3, 8, 12, 2, 32, 1, 4, 3, 0, 3] },
        { [1, 6, 9, 3, 48, 2, 3, 0, 0, 70] },
        { [1, 8, 8, 8, 16, 1, 1, 0, 0, 1] },
        { [1, 20, 20, 4, 80, 1, 16, 2, 0, 9] },
        { [1, 28, 28, 4, 32, 2, 4, 0, 5, 7] },
        { [3, 8, 8, 4, 16, 1, 2, 0, 70, 33] },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Loss_and_gradient_agree_with_autograd(int[] sizes)
    {
        using DisposeScope scope = NewDisposeScope();
        using var sample = new Case(sizes);
        using IFusedNetwork? fused = sample.Fused(threads: 1);
        if (fused is null)
        {
            return;
        }

        double expected = sample.Autograd();
        Tensor reference = sample.Vector.Gradients.clone();
        sample.Vector.Gradients.zero_();
        double loss = sample.Accumulate(fused);
        Assert.Equal(expected, loss, 1e-5 * expected);
        foreach (Segment segment in sample.Vector.Segments)
        {
            Tensor want = reference.narrow(0, segment.Offset, segment.Length);
            Tensor got = sample.Vector.Gradients.narrow(0, segment.Offset, segment.Length);
            double error = (got - want).norm().item<float>() / Math.Max(want.norm().item<float>(), 1e-6);
            Assert.True(error < 1e-4, $"{segment.Name}: {error}");
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Prediction_agrees_with_the_module_and_not_at_all_on_the_batch(int[] sizes)
    {
        using DisposeScope scope = NewDisposeScope();
        using var sample = new Case(sizes);
        using IFusedNetwork? fused = sample.Fused(threads: 1);
        if (fused is null)
        {
            return;
        }

        float[] whole = sample.Predict(fused, 0, sample.Batch);
        float[] expected = sample.Forward().data<float>().ToArray();
        for (int i = 0; i < whole.Length; i++)
        {
            Assert.Equal(expected[i], whole[i], 2e-5 * (1 + Math.Abs(expected[i])));
        }

        int size = whole.Length / sample.Batch;
        for (int i = 0; i < sample.Batch; i++)
        {
            Assert.Equal(whole[(i * size)..((i + 1) * size)], sample.Predict(fused, i, 1));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Loss_and_gradient_repeat_bit_for_bit(int threads)
    {
        using DisposeScope scope = NewDisposeScope();
        using var sample = new Case([1, 28, 28, 4, 64, 2, 4, 0, 0, 11]);
        using IFusedNetwork? fused = sample.Fused(threads);
        if (fused is null)
        {
            return;
        }

        double loss = sample.Accumulate(fused);
        float[] gradient = sample.Vector.Gradients.data<float>().ToArray();
        for (int i = 0; i < 40; i++)
        {
            sample.Vector.Gradients.zero_();
            Assert.Equal(loss, sample.Accumulate(fused));
            Assert.Equal(gradient, sample.Vector.Gradients.data<float>().ToArray());
        }

        using IFusedNetwork other = sample.Fused(threads)!;
        sample.Vector.Gradients.zero_();
        Assert.Equal(loss, sample.Accumulate(other));
        Assert.Equal(gradient, sample.Vector.Gradients.data<float>().ToArray());
    }

    [Fact]
    public void The_gradient_is_added_to_what_is_there()
    {
        using DisposeScope scope = NewDisposeScope();
        using var sample = new Case([1, 28, 28, 4, 64, 1, 4, 0, 0, 3]);
        using IFusedNetwork? fused = sample.Fused(threads: 1);
        if (fused is null)
        {
            return;
        }

        sample.Accumulate(fused);
        float[] once = sample.Vector.Gradients.data<float>().ToArray();
        sample.Accumulate(fused);
        Assert.Equal(once.Select(g => 2 * g), sample.Vector.Gradients.data<float>().ToArray());
    }

    [Fact]
    public void Two_threads_agree_with_one()
    {
        using DisposeScope scope = NewDisposeScope();
        using var sample = new Case([1, 28, 28, 4, 64, 2, 4, 0, 0, 11]);
        using IFusedNetwork? one = sample.Fused(threads: 1);
        if (one is null)
        {
            return;
        }

        double loss = sample.Accumulate(one);
        Tensor gradient = sample.Vector.Gradients.clone();
        sample.Vector.Gradients.zero_();
        using IFusedNetwork two = sample.Fused(threads: 2)!;
        Assert.Equal(loss, sample.Accumulate(two), 1e-6 * loss);
        Assert.True((gradient - sample.Vector.Gradients).norm().item<float>() < 1e-5 * gradient.norm().item<float>());
    }

    [Fact]
    public void There_is_no_fused_form_of_other_networks_dtypes_and_widths()
    {
        using DisposeScope scope = NewDisposeScope();
        var shape = new ModelShape(1, 8, 8, 0);
        Assert.False(HasFused(new UNet(shape, 8, 2)));
        Assert.False(HasFused(new DiffusionTransformer(shape, 4, 24, 1, 2)));
        var half = new DiffusionTransformer(shape, 4, 16, 1, 2);
        half.to(bfloat16);
        Assert.False(HasFused(half));
        var frozen = new DiffusionTransformer(shape, 4, 16, 1, 2);
        frozen.parameters().First().requires_grad = false;
        Assert.False(HasFused(frozen));
    }

    [Fact]
    public void Classes_that_the_table_has_not_are_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        using var sample = new Case([1, 8, 8, 4, 16, 1, 2, 3, 0, 1]);
        using IFusedNetwork? fused = sample.Fused(threads: 1);
        if (fused is null)
        {
            return;
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => fused.Predict(new float[64], new float[1], [4], new float[64]));
        Assert.Throws<ArgumentOutOfRangeException>(() => fused.Predict(new float[64], new float[1], [-1], new float[64]));
        Assert.Throws<ArgumentOutOfRangeException>(() => fused.Predict(new float[63], new float[1], [], new float[64]));
        Assert.Throws<ArgumentOutOfRangeException>(() => fused.Predict(new float[128], new float[2], [], new float[128]));
    }

    private static bool HasFused(Network network)
    {
        using Network owned = network;
        using ModelVector vector = ModelVector.Adopt(network);
        using IFusedNetwork? fused = FusedNetworks.TryCreate(network, vector, 4, 1);
        return fused is not null;
    }

    private sealed class Case : IDisposable
    {
        private readonly ModelShape _shape;
        private readonly DiffusionTransformer _network;
        private readonly int _logits;
        private readonly Tensor _x;
        private readonly Tensor _time;
        private readonly Tensor _classes;
        private readonly Tensor _target;

        public Case(int[] sizes)
        {
            _shape = new ModelShape(sizes[0], sizes[1], sizes[2], sizes[7]);
            (_logits, Batch) = (sizes[8], sizes[9]);
            _network = new DiffusionTransformer(_shape, sizes[3], sizes[4], sizes[5], sizes[6], _logits);
            Vector = ModelVector.Adopt(_network);
            var random = new Generator(7);
            using (no_grad())
            {
                Vector.Values.normal_(0, 0.15, random);
            }

            _x = randn(Batch, _shape.Channels, _shape.Height, _shape.Width, generator: random);
            _time = rand(Batch, generator: random);
            _classes = arange(Batch).remainder(_shape.Classes + 1);
            _target = _logits > 0 ? arange(Batch).remainder(_logits) : randn_like(_x);
        }

        public int Batch { get; }

        public ModelVector Vector { get; }

        private Tensor? Condition => _shape.Classes > 0 ? _classes : null;

        public IFusedNetwork? Fused(int threads)
        {
            IFusedNetwork? fused = FusedNetworks.TryCreate(_network, Vector, Batch, threads);
            fused?.Load();
            return fused;
        }

        public Tensor Forward() => _network.forward(_x, _time, Condition).detach();

        public double Autograd()
        {
            Tensor output = _network.forward(_x, _time, Condition);
            Tensor loss = _logits > 0 ? nn.functional.cross_entropy(output, _target) : nn.functional.mse_loss(output, _target);
            loss.backward();
            return loss.item<float>();
        }

        public double Accumulate(IFusedNetwork fused) => _logits > 0
            ? fused.AccumulateCrossEntropy(Floats(_x), Floats(_time), _target.data<long>().ToArray())
            : fused.AccumulateSquaredError(Floats(_x), Floats(_time), Condition?.data<long>().ToArray() ?? [], Floats(_target));

        public float[] Predict(IFusedNetwork fused, int start, int count)
        {
            var output = new float[count * fused.OutputSize];
            long[] classes = Condition?.narrow(0, start, count).data<long>().ToArray() ?? [];
            fused.Predict(Floats(_x.narrow(0, start, count)), Floats(_time.narrow(0, start, count)), classes, output);
            return output;
        }

        public void Dispose()
        {
            Vector.Dispose();
            _network.Dispose();
        }

        private static float[] Floats(Tensor tensor) => tensor.contiguous().data<float>().ToArray();
    }
}
