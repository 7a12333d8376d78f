using OrleansDDM.Learning.Models;

using TorchSharp;
using TorchSharp.Modules;

using Xunit;

using static TorchSharp.torch;

namespace OrleansDDM.Tests.Learning.Models;

public sealed class ModelVectorTests
{
    [Fact]
    public void Parameters_are_views_of_the_vector()
    {
        using DisposeScope scope = NewDisposeScope();
        Linear layer = nn.Linear(3, 2);
        float[] before = layer.weight!.data<float>().ToArray();
        using ModelVector vector = ModelVector.Adopt(layer);
        Segment weight = vector.Segments.Single(s => s.Name == "weight");
        Assert.Equal(before, vector.Values.narrow(0, weight.Offset, weight.Length).data<float>().ToArray());

        using IDisposable noGrad = no_grad();
        vector.Values.fill_(2);
        Assert.Equal(8f, layer.forward(ones(1, 3))[0, 1].item<float>());
        layer.bias!.fill_(-1);
        Segment bias = vector.Segments.Single(s => s.Name == "bias");
        Assert.Equal(-1f, vector.Values[bias.Offset].item<float>());
    }

    [Fact]
    public void Gradients_land_in_the_flat_gradient_and_add_up()
    {
        using DisposeScope scope = NewDisposeScope();
        Linear layer = nn.Linear(3, 2);
        using ModelVector vector = ModelVector.Adopt(layer);
        for (int i = 0; i < 2; i++)
        {
            layer.forward(tensor(new float[] { 1, 2, 3 }, [1, 3])).sum().backward();
        }

        Assert.Equal([2f, 4f, 6f, 2f, 4f, 6f, 2f, 2f], vector.Gradients.data<float>().ToArray());
    }

    [Fact]
    public void Segments_cover_the_vector_without_gaps_and_know_their_roles()
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new UNet(new ModelShape(1, 8, 8, 3), 8, 2);
        using ModelVector vector = ModelVector.Adopt(network);
        long end = 0;
        foreach (Segment segment in vector.Segments)
        {
            Assert.Equal(end, segment.Offset);
            end += segment.Length;
        }

        Assert.Equal(vector.Length, end);
        Assert.Equal(SegmentRole.Norm, vector.Segments.Single(s => s.Name == "norm.weight").Role);
        Assert.Equal(SegmentRole.Bias, vector.Segments.Single(s => s.Name == "in.bias").Role);
        Assert.Equal(SegmentRole.Weight, vector.Segments.Single(s => s.Name == "time.classes.weight").Role);
        float decayed = vector.Segments.Where(s => s.Role == SegmentRole.Weight).Sum(s => s.Length);
        Assert.Equal(decayed, vector.DecayMask().sum().item<float>());
    }

    [Fact]
    public void AssertShared_notices_a_module_that_was_moved_afterwards()
    {
        using DisposeScope scope = NewDisposeScope();
        Linear layer = nn.Linear(3, 2);
        using ModelVector vector = ModelVector.Adopt(layer);
        vector.AssertShared();
        layer.to(float64);
        var e = Assert.Throws<InvalidOperationException>(vector.AssertShared);
        Assert.Contains("'weight'", e.Message);
    }

    [Fact]
    public void AssertShared_leaves_the_values_as_they_are()
    {
        using DisposeScope scope = NewDisposeScope();
        Linear layer = nn.Linear(3, 2);
        using ModelVector vector = ModelVector.Adopt(layer);
        float[] before = vector.Values.data<float>().ToArray();
        vector.AssertShared();
        Assert.Equal(before, vector.Values.data<float>().ToArray());
    }

    [Fact]
    public void A_tied_parameter_is_one_segment()
    {
        using DisposeScope scope = NewDisposeScope();
        using var module = new Tied();
        using ModelVector vector = ModelVector.Adopt(module);
        Assert.Equal(4, vector.Length);
        module.forward(ones(1, 2)).sum().backward();

        // y = sum of W W x: both uses of W add to the one gradient.
        using IDisposable noGrad = no_grad();
        Tensor w = vector.Values.view(2, 2);
        Tensor expected = outer(ones(2), w.mv(ones(2))) + outer(w.t().mv(ones(2)), ones(2));
        Assert.True(allclose(expected.flatten(), vector.Gradients));
    }

    [Fact]
    public void A_frozen_parameter_keeps_a_zero_gradient()
    {
        using DisposeScope scope = NewDisposeScope();
        Linear layer = nn.Linear(3, 2);
        layer.weight!.requires_grad = false;
        using ModelVector vector = ModelVector.Adopt(layer);
        layer.forward(ones(1, 3)).sum().backward();
        Assert.Equal([0f, 0f, 0f, 0f, 0f, 0f, 1f, 1f], vector.Gradients.data<float>().ToArray());
    }

    [Fact]
    public void Adopt_refuses_parameters_that_are_not_finite()
    {
        using DisposeScope scope = NewDisposeScope();
        Linear layer = nn.Linear(3, 2);
        using (no_grad())
        {
            layer.weight!.fill_(float.NaN);
        }

        var e = Assert.Throws<ArgumentException>(() => ModelVector.Adopt(layer));
        Assert.Contains("'weight'", e.Message);
    }

    private sealed class Tied : nn.Module<Tensor, Tensor>
    {
        private readonly Linear _first = nn.Linear(2, 2, hasBias: false);

        public Tied()
            : base(nameof(Tied))
        {
            register_module("first", _first);
            register_module("second", _first);
        }

        public override Tensor forward(Tensor input) => _first.forward(_first.forward(input));
    }
}
