using TorchSharp;
using TorchSharp.Modules;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Metrics;

/// <summary>A small convolutional classifier after LeNet-5 (LeCun et al. 1998) with a penultimate layer of 64 values.</summary>
internal sealed class LeNet64 : nn.Module<Tensor, Tensor>
{
    internal const int FeatureWidth = 64;

    private readonly Conv2d _first;
    private readonly Conv2d _second;
    private readonly Linear _features;
    private readonly Linear _head;
    private readonly AdaptiveAvgPool2d _pool = nn.AdaptiveAvgPool2d([4, 4]);

    internal LeNet64(int channels, int classes, ulong seed)
        : base("lenet64")
    {
        _first = nn.Conv2d(channels, 16, kernel_size: 5, padding: 2);
        _second = nn.Conv2d(16, 32, kernel_size: 5, padding: 2);
        _features = nn.Linear(32 * 4 * 4, FeatureWidth);
        _head = nn.Linear(FeatureWidth, classes);
        register_module("first", _first);
        register_module("second", _second);
        register_module("features", _features);
        register_module("head", _head);
        Initialise(new SeededRandom(seed));
    }

    /// <summary>Logits. // (B, C, H, W) -> (B, classes)</summary>
    public override Tensor forward(Tensor input) => Classify(Features(input));

    /// <summary>Activations of the penultimate layer. // (B, C, H, W) -> (B, 64)</summary>
    internal Tensor Features(Tensor images)
    {
        Tensor x = nn.functional.max_pool2d(nn.functional.relu(_first.call(images)), 2); // (B, 16, H/2, W/2)
        x = nn.functional.max_pool2d(nn.functional.relu(_second.call(x)), 2); // (B, 32, H/4, W/4)
        x = _pool.call(x).flatten(1); // (B, 512)
        return nn.functional.relu(_features.call(x)); // (B, 64)
    }

    /// <summary>Logits from features. // (B, 64) -> (B, classes)</summary>
    internal Tensor Classify(Tensor features) => _head.call(features);

    /// <summary>He's uniform initialisation from an own generator: torch's is global, so other threads would take part in it.</summary>
    private void Initialise(SeededRandom random)
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        foreach ((string name, Parameter parameter) in named_parameters())
        {
            var values = new float[parameter.numel()];
            if (name.EndsWith("weight", StringComparison.Ordinal))
            {
                double bound = Math.Sqrt(6.0 * parameter.shape[0] / values.Length);
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = (float)(((2 * random.Uniform()) - 1) * bound);
                }
            }

            parameter.copy_(tensor(values, parameter.shape));
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _pool.Dispose();
        }

        base.Dispose(disposing);
    }
}
