namespace OrleansDDM.Learning.Serialization;

/// <summary>Element types of safetensors. The names on disk are <see cref="SafetensorsDTypes.NameOf"/>.</summary>
public enum SafetensorsDType
{
    /// <summary>Boolean, one byte.</summary>
    Bool,

    /// <summary>Unsigned, 8 bits.</summary>
    U8,

    /// <summary>Signed, 8 bits.</summary>
    I8,

    /// <summary>8-bit float with 5 exponent bits; raw bytes only.</summary>
    F8E5M2,

    /// <summary>8-bit float with 4 exponent bits; raw bytes only.</summary>
    F8E4M3,

    /// <summary>Signed, 16 bits.</summary>
    I16,

    /// <summary>Unsigned, 16 bits.</summary>
    U16,

    /// <summary>IEEE half.</summary>
    F16,

    /// <summary>Brain float: the upper half of a float32.</summary>
    BF16,

    /// <summary>Signed, 32 bits.</summary>
    I32,

    /// <summary>Unsigned, 32 bits.</summary>
    U32,

    /// <summary>IEEE single.</summary>
    F32,

    /// <summary>IEEE double.</summary>
    F64,

    /// <summary>Signed, 64 bits.</summary>
    I64,

    /// <summary>Unsigned, 64 bits.</summary>
    U64,
}

/// <summary>Names and sizes of <see cref="SafetensorsDType"/>.</summary>
public static class SafetensorsDTypes
{
    private static readonly (SafetensorsDType DType, string Name, int Size)[] Table =
    [
        (SafetensorsDType.Bool, "BOOL", 1), (SafetensorsDType.U8, "U8", 1), (SafetensorsDType.I8, "I8", 1),
        (SafetensorsDType.F8E5M2, "F8_E5M2", 1), (SafetensorsDType.F8E4M3, "F8_E4M3", 1),
        (SafetensorsDType.I16, "I16", 2), (SafetensorsDType.U16, "U16", 2),
        (SafetensorsDType.F16, "F16", 2), (SafetensorsDType.BF16, "BF16", 2),
        (SafetensorsDType.I32, "I32", 4), (SafetensorsDType.U32, "U32", 4), (SafetensorsDType.F32, "F32", 4),
        (SafetensorsDType.F64, "F64", 8), (SafetensorsDType.I64, "I64", 8), (SafetensorsDType.U64, "U64", 8),
    ];

    /// <summary>Bytes of one element.</summary>
    public static int SizeOf(this SafetensorsDType dtype) => Table[(int)dtype].Size;

    /// <summary>Name on disk, e.g. <c>BF16</c>.</summary>
    public static string NameOf(this SafetensorsDType dtype) => Table[(int)dtype].Name;

    /// <summary>The type of that name on disk, or null.</summary>
    public static SafetensorsDType? Parse(string? name)
    {
        foreach ((SafetensorsDType dtype, string known, _) in Table)
        {
            if (known == name)
            {
                return dtype;
            }
        }

        return null;
    }

    /// <summary>Bytes of a tensor, or null where the product does not fit 63 bits or a dimension is negative.</summary>
    internal static long? Bytes(this SafetensorsDType dtype, IReadOnlyList<long> shape)
    {
        try
        {
            long count = 1;
            foreach (long dimension in shape)
            {
                count = dimension < 0 ? throw new OverflowException() : checked(count * dimension);
            }

            return checked(count * dtype.SizeOf());
        }
        catch (OverflowException)
        {
            return null;
        }
    }
}
