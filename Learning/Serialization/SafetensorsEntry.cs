using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace OrleansDDM.Learning.Serialization;

/// <summary>One tensor of a safetensors file: a name, a type, a shape and row-major little-endian bytes.</summary>
public sealed class SafetensorsEntry
{
    /// <summary>Creates an entry over <paramref name="data"/>, which is not copied.</summary>
    /// <exception cref="SafetensorsException">The shape and type do not give the number of bytes.</exception>
    public SafetensorsEntry(string name, SafetensorsDType dtype, IReadOnlyList<long> shape, ReadOnlyMemory<byte> data)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(shape);
        if (dtype.Bytes(shape) != data.Length)
        {
            throw new SafetensorsException(
                SafetensorsRule.Size, $"tensor '{name}' of {dtype.NameOf()} ({string.Join(", ", shape)}) does not take {data.Length} bytes");
        }

        Name = name;
        DType = dtype;
        Shape = shape;
        Data = data;
    }

    /// <summary>Name, unique in its file.</summary>
    public string Name { get; }

    /// <summary>Type of the elements.</summary>
    public SafetensorsDType DType { get; }

    /// <summary>Sizes; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The bytes as on disk.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Number of elements.</summary>
    public int Count => Data.Length / DType.SizeOf();

    /// <summary>A float32 tensor; the values are copied.</summary>
    public static SafetensorsEntry Of(string name, IReadOnlyList<long> shape, ReadOnlySpan<float> values) =>
        Of(name, SafetensorsDType.F32, shape, values);

    /// <summary>A float64 tensor; the values are copied.</summary>
    public static SafetensorsEntry Of(string name, IReadOnlyList<long> shape, ReadOnlySpan<double> values) =>
        Of(name, SafetensorsDType.F64, shape, values);

    /// <summary>An int64 tensor; the values are copied.</summary>
    public static SafetensorsEntry Of(string name, IReadOnlyList<long> shape, ReadOnlySpan<long> values) =>
        Of(name, SafetensorsDType.I64, shape, values);

    /// <summary>A uint8 tensor; the values are copied.</summary>
    public static SafetensorsEntry Of(string name, IReadOnlyList<long> shape, ReadOnlySpan<byte> values) =>
        Of(name, SafetensorsDType.U8, shape, values);

    /// <summary>The values as float32. F32 is exact, BF16 and F16 widen exactly, F64 is rounded.</summary>
    /// <exception cref="SafetensorsException">The type is not one of F32, F64, F16, BF16.</exception>
    public float[] ToFloats()
    {
        var values = new float[Count];
        CopyTo(values);
        return values;
    }

    /// <summary>Writes the values as float32 into <paramref name="destination"/>, which has <see cref="Count"/> elements.</summary>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="SafetensorsException">The type is not one of F32, F64, F16, BF16.</exception>
    public void CopyTo(Span<float> destination)
    {
        if (destination.Length != Count)
        {
            throw new ArgumentException($"Tensor '{Name}' has {Count} elements, the destination {destination.Length}.", nameof(destination));
        }

        ReadOnlySpan<byte> data = Data.Span;
        switch (DType)
        {
            case SafetensorsDType.F32 when BitConverter.IsLittleEndian:
                data.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case SafetensorsDType.F32:
                Fill(destination, data, 4, static bytes => BinaryPrimitives.ReadSingleLittleEndian(bytes));
                break;
            case SafetensorsDType.F64:
                Fill(destination, data, 8, static bytes => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes));
                break;
            case SafetensorsDType.F16:
                Fill(destination, data, 2, static bytes => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes));
                break;
            case SafetensorsDType.BF16:
                Fill(destination, data, 2, static bytes => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16));
                break;
            default:
                throw Unreadable("float32");
        }
    }

    /// <summary>The values of an F64 (exact) or narrower float tensor as float64.</summary>
    /// <exception cref="SafetensorsException">The type is not a float type that converts.</exception>
    public double[] ToDoubles()
    {
        if (DType != SafetensorsDType.F64)
        {
            return Array.ConvertAll(ToFloats(), static value => (double)value);
        }

        var values = new double[Count];
        Fill(values.AsSpan(), Data.Span, 8, static bytes => BinaryPrimitives.ReadDoubleLittleEndian(bytes));
        return values;
    }

    /// <summary>The values of an I64 or I32 tensor.</summary>
    /// <exception cref="SafetensorsException">The type is another.</exception>
    public long[] ToInt64s()
    {
        var values = new long[Count];
        switch (DType)
        {
            case SafetensorsDType.I64:
                Fill(values.AsSpan(), Data.Span, 8, static bytes => BinaryPrimitives.ReadInt64LittleEndian(bytes));
                break;
            case SafetensorsDType.I32:
                Fill(values.AsSpan(), Data.Span, 4, static bytes => BinaryPrimitives.ReadInt32LittleEndian(bytes));
                break;
            default:
                throw Unreadable("int64");
        }

        return values;
    }

    private static SafetensorsEntry Of<T>(string name, SafetensorsDType dtype, IReadOnlyList<long> shape, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        byte[] data = MemoryMarshal.AsBytes(values).ToArray();
        int size = dtype.SizeOf();
        for (int i = 0; size > 1 && !BitConverter.IsLittleEndian && i < data.Length; i += size)
        {
            data.AsSpan(i, size).Reverse();
        }

        return new SafetensorsEntry(name, dtype, shape, data);
    }

    private static void Fill<T>(Span<T> values, ReadOnlySpan<byte> data, int size, Func<ReadOnlySpan<byte>, T> read)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = read(data.Slice(i * size, size));
        }
    }

    private SafetensorsException Unreadable(string type) =>
        new(SafetensorsRule.Conversion, $"tensor '{Name}' of {DType.NameOf()} cannot be read as {type}");
}
