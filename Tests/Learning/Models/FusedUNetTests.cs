using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Models.Fused;

using TorchSharp;

using Xunit;

using static TorchSharp.torch;

namespace OrleansDDM.Tests.Learning.Models;

/// <summary>
/// The module in float64 is the reference, and what the module makes of it in float32 the yardstick. Where the processor has no 512-bit
/// vectors there is no fused form, and nothing to compare.
/// </summary>
public sealed class FusedUNetTests
{
    /// <summary>Channels, height, width, width of the network, levels, classes, batch: widths that 7 and 4 divide, that none divides, and below 4.</summary>
    public static TheoryData<int[]> Sizes => new()
    {
        { [1, 28, 28, 16, 3, 0, 3] },
        { [1, 14, 28, 32, 2, 3, 5] },
        { [3, 8, 16, 16, 2, 0, 7] },
        { [3, 16, 8, 48, 3, 2, 2] },
        { [2, 5, 9, 16, 1, 0, 3] },
        { [16, 8, 8, 16, 4, 1, 4] },
        { [1, 7, 21, 32, 1, 0, 1] },
        { [1, 12, 20, 16, 3, 0, 9] },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Loss_and_gradient_are_as_exact_as_autograd(int[] sizes)
    {
        using DisposeScope scope = NewDisposeScope();
        using var sample = new Case(sizes);
        using IFusedNetwork? fused = sample.Fused(threads: 1);
        if (fused is null)
        {
            return;
        }

        (double expected, Tensor exact) = sample.Exact();
        (_, Tensor autograd) = sample.Autograd();
        double loss = sample.Accumulate(fused);
        Assert.Equal(expected, loss, 1e-6 * expected);
        foreach (Segment segment in sample.Vector.Segments)
        {
            Tensor Part(Tensor flat) => flat.narrow(0, segment.Offset, segment.Length).to(float64);
            double norm = Part(exact).norm().item<double>();
            double error = (Part(sample.Vector.Gradients) - Part(exact)).norm().item<double>() / norm;
            double usual = (Part(autograd) - Part(exact)).norm().item<double>() / norm;
            Assert.True(norm > 0 && error < 3 * usual + 1e-6, $"{segment.Name}: {error}, autograd {usual}");
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
        Assert.Contains(expected, value => Math.Abs(value) > 0.1);
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
    [InlineData(3)]
    public void Loss_and_gradient_repeat_bit_for_bit_and_are_added_to_what_is_there(int threads)
    {
        using DisposeScope scope = NewDisposeScope();
        using var sample = new Case([1, 28, 28, 16, 3, 2, 11]);
        using IFusedNetwork? fused = sample.Fused(threads);
        if (fused is null)
        {
            return;
        }

        double loss = sample.Accumulate(fused);
        float[] gradient = sample.Gradient();
        for (int i = 0; i < 5; i++)
        {
            sample.Vector.Gradients.zero_();
            Assert.Equal(loss, sample.Accumulate(fused));
            Assert.Equal(gradient, sample.Gradient());
        }

        using IFusedNetwork other = sample.Fused(threads)!;
        Assert.Equal(loss, sample.Accumulate(other));
        Assert.Equal(gradient.Select(g => 2 * g), sample.Gradient());
    }

    [Fact]
    public void Several_threads_agree_with_one()
    {
        using DisposeScope scope = NewDisposeScope();
        using var sample = new Case([3, 16, 16, 16, 2, 2, 11]);
        using IFusedNetwork? one = sample.Fused(threads: 1);
        if (one is null)
        {
            return;
        }

        double loss = sample.Accumulate(one);
        Tensor gradient = sample.Vector.Gradients.clone();
        float[] prediction = sample.Predict(one, 0, sample.Batch);
        foreach (int threads in new[] { 2, 5 })
        {
            sample.Vector.Gradients.zero_();
            using IFusedNetwork more = sample.Fused(threads)!;
            Assert.Equal(loss, sample.Accumulate(more), 1e-6 * loss);
            Assert.True((gradient - sample.Vector.Gradients).norm().item<float>() < 1e-5 * gradient.norm().item<float>());
            Assert.Equal(prediction, sample.Predict(more, 0, sample.Batch));
        }
    }

    [Fact]
    public void Changed_weights_count_after_load()
    {
        using DisposeScope scope = NewDisposeScope();
        using var sample = new Case([1, 8, 8, 16, 2, 0, 2]);
        using IFusedNetwork? fused = sample.Fused(threads: 1);
        if (fused is null)
        {
            return;
        }

        float[] before = sample.Predict(fused, 0, 2);
        sample.Vector.Values.mul_(1.1f);
        fused.Load();
        float[] after = sample.Predict(fused, 0, 2);
        float[] expected = sample.Forward().data<float>().ToArray();
        Assert.NotEqual(before, after);
        Assert.All(expected.Zip(after), pair => Assert.Equal(pair.First, pair.Second, 5e-5 * (1 + Math.Abs(pair.First))));
    }

    [Fact]
    public void A_loss_of_the_wrong_kind_is_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        using var sample = new Case([1, 8, 8, 16, 2, 0, 2]);
        using IFusedNetwork? fused = sample.Fused(threads: 1);
        Assert.Equal(fused is null ? null : [1, 8, 8], fused?.OutputShape);
        if (fused is not null)
        {
            Assert.Throws<InvalidOperationException>(() => fused.AccumulateCrossEntropy(new float[64], new float[1], [0]));
        }
    }

    [Fact]
    public void There_is_no_fused_form_of_other_widths_and_channels()
    {
        Assert.False(HasFused(new UNet(new ModelShape(1, 8, 8, 0), 24, 2)));
        Assert.False(HasFused(new UNet(new ModelShape(17, 8, 8, 0), 16, 2)));
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
        private readonly Func<UNet> _build;
        private readonly ModelShape _shape;
        private readonly UNet _network;
        private readonly Tensor _x;
        private readonly Tensor _time;
        private readonly Tensor _classes;
        private readonly Tensor _target;

        public Case(int[] sizes)
        {
            _shape = new ModelShape(sizes[0], sizes[1], sizes[2], sizes[5]);
            Batch = sizes[6];
            _build = () => new UNet(_shape, sizes[3], sizes[4]);
            _network = _build();
            Vector = ModelVector.Adopt(_network);
            var random = new Generator(7);
            using (no_grad())
            {
                Vector.Values.normal_(0, 0.12, random);
                foreach (Segment segment in Vector.Segments.Where(s => s.Role == SegmentRole.Norm && s.Name.EndsWith("weight", StringComparison.Ordinal)))
                {
                    Vector.Values.narrow(0, segment.Offset, segment.Length).add_(1);
                }
            }

            _x = randn(Batch, _shape.Channels, _shape.Height, _shape.Width, generator: random);
            _time = rand(Batch, generator: random);
            _classes = arange(Batch).remainder(_shape.Classes + 1);
            _target = randn_like(_x);
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

        public (double Loss, Tensor Gradient) Autograd()
        {
            Tensor loss = nn.functional.mse_loss(_network.forward(_x, _time, Condition), _target);
            loss.backward();
            Tensor gradient = Vector.Gradients.clone();
            Vector.Gradients.zero_();
            return (loss.item<float>(), gradient);
        }

        /// <summary>In float64, but for the sinusoids of the time, which the network takes in float32.</summary>
        public (double Loss, Tensor Gradient) Exact()
        {
            using UNet network = _build();
            network.to(float64);
            using ModelVector vector = ModelVector.Adopt(network);
            using (no_grad())
            {
                vector.Values.copy_(Vector.Values);
            }

            Tensor loss = nn.functional.mse_loss(network.forward(_x.to(float64), _time, Condition), _target.to(float64));
            loss.backward();
            return (loss.item<double>(), vector.Gradients.clone());
        }

        public double Accumulate(IFusedNetwork fused) =>
            fused.AccumulateSquaredError(Floats(_x), Floats(_time), Condition?.data<long>().ToArray() ?? [], Floats(_target));

        public float[] Gradient() => Floats(Vector.Gradients);

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
