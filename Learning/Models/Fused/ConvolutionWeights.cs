namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// Order of a convolution's weights for one direction. Results are computed for 32 channels (two vectors) at a time, or for the 16 that
/// are left over; for each such group the weights lie in the order in which they are used: (planes of 16 inputs, taps, inputs, group).
/// Backwards, the gradient of the input is a convolution of the gradient of the output with the transposed, mirrored kernel.
/// </summary>
internal sealed unsafe class ConvolutionWeights
{
    private readonly bool _backward;
    private readonly int _results;
    private readonly int _sources;

    /// <summary>Weights of (outputs, inputs, taps); the smaller side may be below 16, otherwise both are multiples of 16.</summary>
    /// <param name="outputs">The layer's output channels.</param>
    /// <param name="inputs">The layer's input channels.</param>
    /// <param name="taps">9 or 1.</param>
    /// <param name="backward">Whether they lead from outputs to inputs.</param>
    public ConvolutionWeights(int outputs, int inputs, int taps, bool backward)
    {
        (_backward, Taps) = (backward, taps);
        (_results, _sources) = backward ? (inputs, outputs) : (outputs, inputs);
        Inner = Math.Min(_sources, MapGeometry.Lanes);
        ResultPlanes = (_results + MapGeometry.Lanes - 1) / MapGeometry.Lanes;
        SourcePlanes = (_sources + MapGeometry.Lanes - 1) / MapGeometry.Lanes;
    }

    /// <summary>9 or 1.</summary>
    public int Taps { get; }

    /// <summary>Channels in use of each source plane.</summary>
    public int Inner { get; }

    /// <summary>Planes that the convolution reads.</summary>
    public int SourcePlanes { get; }

    /// <summary>Planes that the convolution writes.</summary>
    public int ResultPlanes { get; }

    /// <summary>Number of weights, those of channels that only fill a plane included.</summary>
    public int Length => ResultPlanes * MapGeometry.Lanes * _sources * Taps;

    /// <summary>Result planes of the group that begins at <paramref name="plane"/>: 2, or 1.</summary>
    public int GroupPlanes(int plane) => Math.Min(2, ResultPlanes - plane);

    /// <summary>Place of the first weight of a group, source plane and tap; the sources follow, each with a vector per result plane.</summary>
    public int Offset(int plane, int source, int tap) =>
        plane * MapGeometry.Lanes * _sources * Taps + (source * Taps + tap) * Inner * GroupPlanes(plane) * MapGeometry.Lanes;

    /// <summary>Reorders PyTorch's weights, (outputs, inputs, taps).</summary>
    public void Pack(float* weights, float* packed)
    {
        for (int result = 0; result < _results; result++)
        {
            for (int source = 0; source < _sources; source++)
            {
                for (int tap = 0; tap < Taps; tap++)
                {
                    packed[Place(result, source, tap)] = weights[Plain(result, source, tap)];
                }
            }
        }
    }

    /// <summary>Adds packed weights to weights in PyTorch's order.</summary>
    public void AddTo(float* packed, float* weights)
    {
        for (int result = 0; result < _results; result++)
        {
            for (int source = 0; source < _sources; source++)
            {
                for (int tap = 0; tap < Taps; tap++)
                {
                    weights[Plain(result, source, tap)] += packed[Place(result, source, tap)];
                }
            }
        }
    }

    private int Place(int result, int source, int tap)
    {
        int plane = result / (2 * MapGeometry.Lanes) * 2;
        return Offset(plane, source / MapGeometry.Lanes, tap)
            + source % MapGeometry.Lanes * GroupPlanes(plane) * MapGeometry.Lanes + result - plane * MapGeometry.Lanes;
    }

    private int Plain(int result, int source, int tap) =>
        _backward ? (source * _results + result) * Taps + Taps - 1 - tap : (result * _sources + source) * Taps + tap;
}
