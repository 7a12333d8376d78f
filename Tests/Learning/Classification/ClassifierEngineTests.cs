using OrleansDDM.Learning.Classification;

using Xunit;

namespace OrleansDDM.Tests.Learning.Classification;

/// <summary>The hand-written kernels against autograd, and both against arithmetic that can be done by hand.</summary>
public sealed class ClassifierEngineTests
{
    public static TheoryData<int[], int, float, float> Cases => new()
    {
        { [7, 5], 4, 0, 0 },
        { [30, 32, 10], 20, 0, 0 },
        { [50, 100, 100, 10], 32, 0, 0 },
        { [19, 64, 33, 3], 13, 0.9f, 0 },
        { [30, 32, 10], 20, 0, 0.2f },
        { [30, 17, 10], 9, 0.9f, 0.1f },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Kernels_and_autograd_train_the_same_models(int[] widths, int batch, float momentum, float radius)
    {
        var kind = new PerceptronKind(widths);
        using LabelledInputs data = Stacked.Blobs(200, widths[0], widths[^1], 1);
        using IClassifierEngine fused = ClassifierEngines.Create(kind, 2);
        using IClassifierEngine stacked = ClassifierEngines.Create(kind, 1, kernels: false);
        using ModelBank one = Trained(fused, data, batch, momentum, radius, 5, out int[] rows);
        using ModelBank other = Trained(stacked, data, batch, momentum, radius, 5, out int[] rowsToo);
        for (int m = 0; m < rows.Length; m++)
        {
            float[] expected = other.Row(rowsToo[m]).ToArray();
            float[] got = one.Row(rows[m]).ToArray();
            for (int i = 0; i < got.Length; i++)
            {
                Assert.Equal(expected[i], got[i], 3e-5);
            }
        }

        Judgement[] mine = fused.Judge(one, data, rows), theirs = stacked.Judge(one, data, rows);
        for (int m = 0; m < rows.Length; m++)
        {
            Assert.Equal(theirs[m].Accuracy, mine[m].Accuracy);
            Assert.Equal(theirs[m].Loss, mine[m].Loss, 1e-4);
        }
    }

    [Fact]
    public void A_step_changes_nothing_but_what_the_gradient_says()
    {
        // One layer, one input x, zero weights: P is uniform, so W changes by -rate * x (1/C - y).
        var kind = new PerceptronKind([2, 4]);
        using var data = new LabelledInputs([3, -1], 2, [2]);
        using var bank = new ModelBank(kind.Length);
        int row = bank.Rent();
        bank.Row(row).Clear();
        using IClassifierEngine engine = ClassifierEngines.Create(kind, 1);
        engine.Train(bank, data, new LocalStep(1), [new LocalTraining(row, -1, [0], 0.1f)]);
        float[] expected = [-0.075f, -0.075f, 0.225f, -0.075f, 0.025f, 0.025f, -0.075f, 0.025f, -0.025f, -0.025f, 0.075f, -0.025f];
        Assert.Equal(expected, bank.Row(row).ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sharpness_aware_step_without_a_gradient_stays_where_it_is(bool kernels)
    {
        // Inputs and weights are 0 and the classes balanced, so every gradient is exactly 0.
        var kind = new PerceptronKind([2, 2]);
        using var data = new LabelledInputs([0, 0, 0, 0], 2, [0, 1]);
        using var bank = new ModelBank(kind.Length);
        int row = bank.Rent();
        bank.Row(row).Clear();
        using IClassifierEngine engine = ClassifierEngines.Create(kind, 1, kernels);
        engine.Train(bank, data, new LocalStep(2, Radius: 0.1f), [new LocalTraining(row, -1, [0, 1], 0.1f)]);
        Assert.All(bank.Row(row).ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void What_a_model_is_batched_with_changes_no_bit_of_it()
    {
        var kind = new PerceptronKind([30, 32, 10]);
        using LabelledInputs data = Stacked.Blobs(200, 30, 10, 1);
        using IClassifierEngine wide = ClassifierEngines.Create(kind, 2);
        using IClassifierEngine narrow = ClassifierEngines.Create(kind, 1);
        using ModelBank together = Trained(wide, data, 20, 0, 0, 7, out int[] rows);
        for (int m = 0; m < rows.Length; m++)
        {
            using var alone = new ModelBank(kind.Length);
            int[] own = Stacked.Initial(alone, kind, 7);
            narrow.Train(alone, data, new LocalStep(20), [new LocalTraining(own[m], -1, Stacked.Draw(100, 200, 5, m), 0.1f)]);
            Assert.True(together.Row(rows[m]).SequenceEqual(alone.Row(own[m])));
        }
    }

    [Fact]
    public void Training_finds_the_classes()
    {
        var kind = new PerceptronKind([20, 32, 5]);
        using LabelledInputs data = Stacked.Blobs(500, 20, 5, 1);
        using IClassifierEngine engine = ClassifierEngines.Create(kind, 2);
        using ModelBank bank = Trained(engine, data, 20, 0, 0, 3, out int[] rows, 60);
        Assert.All(engine.Judge(bank, data, rows), j => Assert.True(j.Accuracy > 0.97, $"{j.Accuracy}"));
    }

    [Fact]
    public void Group_norm_LeNet_has_the_published_size_and_learns()
    {
        Assert.Equal(85_354, new GroupNormLeNetKind(3, 32, 32, 10).Length);
        var kind = new GroupNormLeNetKind(1, 16, 16, 3);
        using LabelledInputs data = Stacked.Stripes(60, 16, 3);
        using IClassifierEngine engine = ClassifierEngines.Create(kind, 1);
        using ModelBank bank = Trained(engine, data, 20, 0, 0, 2, out int[] rows, 30);
        Assert.All(engine.Judge(bank, data, rows), j => Assert.True(j.Accuracy > 0.9, $"{j}"));
    }

    [Fact]
    public void Grouped_convolution_gives_each_model_what_it_gets_alone()
    {
        var kind = new GroupNormLeNetKind(1, 16, 16, 3);
        using LabelledInputs data = Stacked.Blobs(60, 256, 3, 1);
        using IClassifierEngine engine = ClassifierEngines.Create(kind, 1);
        using ModelBank together = Trained(engine, data, 6, 0, 0, 3, out int[] rows, 3);
        using var alone = new ModelBank(kind.Length);
        int[] own = Stacked.Initial(alone, kind, 3);
        engine.Train(alone, data, new LocalStep(6), [new LocalTraining(own[1], -1, Stacked.Draw(18, 60, 5, 1), 0.1f)]);
        Assert.Equal(alone.Row(own[1]).ToArray(), together.Row(rows[1]).ToArray(), (a, b) => Math.Abs(a - b) < 1e-4);
    }

    [Fact]
    public void Perceptron_of_the_benchmark_has_109386_parameters() => Assert.Equal(109_386, PerceptronKind.Benchmark.Length);

    private static ModelBank Trained(
        IClassifierEngine engine, LabelledInputs data, int batch, float momentum, float radius, int models, out int[] rows, int steps = 5)
    {
        var bank = new ModelBank(engine.Kind.Length);
        int[] own = Stacked.Initial(bank, engine.Kind, models);
        LocalTraining[] work = [.. own.Select((row, m) => new LocalTraining(
            row, momentum > 0 ? Velocity(bank) : -1, Stacked.Draw(steps * batch, data.Count, 5, m), 0.1f))];
        engine.Train(bank, data, new LocalStep(batch, momentum, radius), work);
        rows = own;
        return bank;
    }

    private static int Velocity(ModelBank bank)
    {
        int row = bank.Rent();
        bank.Row(row).Clear();
        return row;
    }
}
