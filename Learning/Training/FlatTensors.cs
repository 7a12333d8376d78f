using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Serialization;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Training;

/// <summary>Moves tensors of a <see cref="ModelVector"/> in and out of safetensors files.</summary>
public static class FlatTensors
{
    /// <summary>A tensor as one entry, in float32.</summary>
    public static SafetensorsEntry Save(string name, Tensor tensor) => SafetensorsEntry.Of(name, tensor.shape, ToArray(tensor));

    /// <summary>A flat vector as one entry per segment, under the names of the network's parameters.</summary>
    public static byte[] SaveSegments(IReadOnlyList<Segment> segments, Tensor values, IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(segments);
        float[] flat = ToArray(values);
        return SafetensorsWriter.Write(
            segments.Select(s => SafetensorsEntry.Of(s.Name, s.Shape, flat.AsSpan((int)s.Offset, (int)s.Length))), metadata);
    }

    /// <summary>Copies an entry into <paramref name="destination"/>.</summary>
    /// <exception cref="InvalidDataException">The entry is missing, has another shape, or is not finite.</exception>
    public static void Load(SafetensorsFile file, string name, Tensor destination)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(destination);
        float[] values = Values(file, name, destination.shape);
        using IDisposable noGrad = no_grad();
        using Tensor loaded = tensor(values, destination.shape);
        destination.copy_(loaded);
    }

    /// <summary>Copies a file of one entry per segment into the flat vector.</summary>
    /// <exception cref="InvalidDataException">A segment is missing, has another shape, is not finite, or the file has entries that the model has not.</exception>
    public static void LoadSegments(SafetensorsFile file, ModelVector vector)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(vector);
        string? unknown = file.Names.FirstOrDefault(name => vector.Segments.All(s => s.Name != name));
        if (unknown is not null)
        {
            throw new InvalidDataException($"The weights have a tensor '{unknown}' that the model has not.");
        }

        using IDisposable noGrad = no_grad();
        foreach (Segment segment in vector.Segments)
        {
            float[] values = Values(file, segment.Name, segment.Shape);
            using Tensor part = vector.Values.narrow(0, segment.Offset, segment.Length);
            using Tensor loaded = tensor(values);
            part.copy_(loaded);
        }
    }

    /// <summary>The values of a tensor, whatever its device and dtype.</summary>
    public static float[] ToArray(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        using DisposeScope scope = NewDisposeScope();
        Tensor flat = tensor.detach().to(float32).cpu().contiguous();
        return flat.data<float>().ToArray();
    }

    private static float[] Values(SafetensorsFile file, string name, IReadOnlyList<long> shape)
    {
        if (!file.TryGet(name, out SafetensorsEntry? entry))
        {
            throw new InvalidDataException($"The file has no tensor '{name}'.");
        }

        if (!entry.Shape.SequenceEqual(shape))
        {
            throw new InvalidDataException(
                $"Tensor '{name}' has shape ({string.Join(", ", entry.Shape)}); the model needs ({string.Join(", ", shape)}).");
        }

        float[] values = entry.ToFloats();
        return values.All(float.IsFinite) ? values : throw new InvalidDataException($"Tensor '{name}' holds values that are not finite.");
    }
}
