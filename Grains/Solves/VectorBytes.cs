using System.Runtime.InteropServices;

namespace OrleansDDM.Grains.Solves;

/// <summary>Vectors of a solve as bytes: little-endian float64, nothing else.</summary>
internal static class VectorBytes
{
    /// <summary>The bytes of a vector.</summary>
    public static byte[] Write(ReadOnlySpan<double> vector) => MemoryMarshal.AsBytes(vector).ToArray();

    /// <summary>The vector in bytes.</summary>
    /// <exception cref="InvalidDataException">They are of another length, or an element is not finite.</exception>
    public static double[] Read(ReadOnlySpan<byte> bytes, int dimension)
    {
        if (!IsVector(bytes, dimension))
        {
            throw new InvalidDataException($"{bytes.Length} bytes are not a vector of {dimension} finite elements.");
        }

        return MemoryMarshal.Cast<byte, double>(bytes).ToArray();
    }

    /// <summary>Whether bytes are a vector of finite elements.</summary>
    public static bool IsVector(ReadOnlySpan<byte> bytes, int dimension) =>
        bytes.Length == dimension * sizeof(double)
        && !MemoryMarshal.Cast<byte, double>(bytes).ContainsAnyExceptInRange(double.MinValue, double.MaxValue);
}
