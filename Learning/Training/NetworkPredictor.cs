using OrleansDDM.Learning.Diffusion;
using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Models.Fused;
using OrleansDDM.Learning.Serialization;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>A trained network as a pure function of (x_t, level, classes).</summary>
public sealed class NetworkPredictor : IPredictor
{
    // Activations of larger batches would leave the caches and cost more per image.
    private const int Chunk = 64;

    private readonly Network _network;
    private readonly ModelVector _vector;
    private readonly IFusedNetwork? _fused;
    private readonly NetworkForward _forward;
    private readonly ModelShape _shape;
    private readonly INoiseSchedule _schedule;
    private readonly Parameterization? _parameterization;
    private readonly bool _conditional;

    /// <summary>Loads weights into a network, which the predictor owns from here on.</summary>
    /// <param name="network">The network, float32, on the device to compute on.</param>
    /// <param name="shape">Shape of the data.</param>
    /// <param name="schedule">The schedule it was trained on.</param>
    /// <param name="parameterization">What it predicts; null = it is a router, whose probabilities are wanted.</param>
    /// <param name="conditional">Whether it takes a class.</param>
    /// <param name="weights">A safetensors file with one tensor per parameter.</param>
    /// <exception cref="InvalidDataException">The bytes are not weights of this network.</exception>
    public NetworkPredictor(
        Network network, ModelShape shape, INoiseSchedule schedule, Parameterization? parameterization, bool conditional, byte[] weights)
    {
        ArgumentNullException.ThrowIfNull(network);
        (_network, _shape, _schedule, _parameterization, _conditional) = (network, shape, schedule, parameterization, conditional);
        _vector = ModelVector.Adopt(network);
        try
        {
            FlatTensors.LoadSegments(SafetensorsReader.Read(weights), _vector);
        }
        catch (SafetensorsException e)
        {
            throw new InvalidDataException($"Not weights: {e.Message}", e);
        }

        network.eval();
        _fused = FusedNetworks.TryCreate(network, _vector, Chunk, get_num_threads());
        _fused?.Load();
        _forward = new NetworkForward(network, float32, _fused);
    }

    /// <inheritdoc/>
    public float[] Predict(float[] x, int batch, Level level, int[]? classes)
    {
        ArgumentNullException.ThrowIfNull(x);
        using IDisposable noGrad = no_grad();
        var results = new List<float[]>();
        for (int start = 0; start < batch; start += Chunk)
        {
            int count = Math.Min(Chunk, batch - start);
            results.Add(Predict(x.AsSpan(start * _shape.Size, count * _shape.Size), count, level, classes is null ? [] : classes.AsSpan(start, count)));
        }

        return results.Count == 1 ? results[0] : [.. results.SelectMany(r => r)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _fused?.Dispose();
        _vector.Dispose();
        _network.Dispose();
    }

    private float[] Predict(ReadOnlySpan<float> x, int count, Level level, ReadOnlySpan<int> classes)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input = tensor(x.ToArray(), [count, _shape.Channels, _shape.Height, _shape.Width]);
        using Scalar scale = DenoisingTarget.InputScale(_schedule, level.Alpha, level.Sigma);
        input.mul_(scale);
        float[] times = new float[count];
        Array.Fill(times, (float)level.Time);
        Tensor output = _forward.Run(input, tensor(times), _conditional ? tensor(Rows(classes, count)) : null);
        using Scalar outputScale = _parameterization is { } parameterization ? DenoisingTarget.OutputScale(parameterization, level.Sigma) : 1;
        output = _parameterization is null ? output.softmax(1) : output.mul_(outputScale);
        return output.contiguous().data<float>().ToArray();
    }

    private long[] Rows(ReadOnlySpan<int> classes, int count)
    {
        var rows = new long[count];
        for (int i = 0; i < count; i++)
        {
            rows[i] = classes.IsEmpty || classes[i] < 0 ? _shape.Classes : classes[i];
            ArgumentOutOfRangeException.ThrowIfGreaterThan(rows[i], _shape.Classes, nameof(classes));
        }

        return rows;
    }
}
