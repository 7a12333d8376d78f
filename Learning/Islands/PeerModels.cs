using System.Numerics.Tensors;

using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Learning.Islands;

/// <summary>Models of peers as bytes: a safetensors file with one entry per segment, as weights are stored elsewhere.</summary>
internal static class PeerModels
{
    public static float[] Read(byte[] model, IReadOnlyList<Segment> segments)
    {
        float[] values = new float[segments.Sum(s => s.Length)];
        try
        {
            SafetensorsFile file = SafetensorsReader.Read(model);
            if (file.Entries.Count != segments.Count)
            {
                throw new InvalidDataException($"The model has {file.Entries.Count} tensors instead of {segments.Count}.");
            }

            foreach (Segment segment in segments)
            {
                if (!file.TryGet(segment.Name, out SafetensorsEntry? entry) || !entry.Shape.SequenceEqual(segment.Shape))
                {
                    throw new InvalidDataException($"The model has no tensor '{segment.Name}' of shape ({string.Join(", ", segment.Shape)}).");
                }

                entry.CopyTo(values.AsSpan((int)segment.Offset, (int)segment.Length));
            }
        }
        catch (SafetensorsException e)
        {
            throw new InvalidDataException($"Not a model: {e.Message}", e);
        }

        return TensorPrimitives.IsFiniteAll<float>(values)
            ? values
            : throw new InvalidDataException("The model holds values that are not finite.");
    }

    public static byte[] Write(float[] values, IReadOnlyList<Segment> segments, IReadOnlyDictionary<string, string> metadata) =>
        SafetensorsWriter.Write(
            segments.Select(s => SafetensorsEntry.Of(s.Name, s.Shape, values.AsSpan((int)s.Offset, (int)s.Length))), metadata);
}
