using OrleansDDM.Learning.Models;
using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Learning.Islands;

/// <summary>Models of peers as bytes: a safetensors file with one entry per segment, as weights are stored elsewhere.</summary>
internal static class PeerModels
{
    public static float[] Read(byte[] model, IReadOnlyList<Segment> segments)
    {
        SafetensorsFile file;
        try
        {
            file = SafetensorsReader.Read(model);
        }
        catch (SafetensorsException e)
        {
            throw new InvalidDataException($"Not a model: {e.Message}", e);
        }

        if (file.Entries.Count != segments.Count)
        {
            throw new InvalidDataException($"The model has {file.Entries.Count} tensors instead of {segments.Count}.");
        }

        float[] values = new float[segments.Sum(s => s.Length)];
        foreach (Segment segment in segments)
        {
            if (!file.TryGet(segment.Name, out SafetensorsEntry? entry) || !entry.Shape.SequenceEqual(segment.Shape))
            {
                throw new InvalidDataException($"The model has no tensor '{segment.Name}' of shape ({string.Join(", ", segment.Shape)}).");
            }

            entry.ToFloats().CopyTo(values, segment.Offset);
        }

        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                throw new InvalidDataException("The model holds values that are not finite.");
            }
        }

        return values;
    }

    public static byte[] Write(float[] values, IReadOnlyList<Segment> segments, IReadOnlyDictionary<string, string> metadata) =>
        SafetensorsWriter.Write(
            segments.Select(s => SafetensorsEntry.Of(s.Name, s.Shape, values.AsSpan((int)s.Offset, (int)s.Length))), metadata);
}
