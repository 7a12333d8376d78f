namespace OrleansDDM.Learning.Serialization;

/// <summary>The rule of the safetensors format that a file or a request breaks.</summary>
public enum SafetensorsRule
{
    /// <summary>A file starts with the header's length: 8 bytes, unsigned, little-endian, within the file and at most 100,000,000.</summary>
    HeaderLength,

    /// <summary>The header starts with <c>{</c> and ends with <c>}</c>, followed by nothing but spaces.</summary>
    HeaderStart,

    /// <summary>The header is UTF-8 and one JSON object.</summary>
    HeaderJson,

    /// <summary>No key occurs twice.</summary>
    DuplicateKey,

    /// <summary><c>__metadata__</c> maps strings to strings.</summary>
    Metadata,

    /// <summary>A tensor has exactly the keys <c>dtype</c>, <c>shape</c> and <c>data_offsets</c>, each of its type.</summary>
    TensorInfo,

    /// <summary>The data type is one of <see cref="SafetensorsDType"/>.</summary>
    DType,

    /// <summary>Shape x size of the data type fits 63 bits and equals the number of bytes.</summary>
    Size,

    /// <summary>Tensors follow each other without hole or overlap, from the first byte of the buffer.</summary>
    Offsets,

    /// <summary>The tensors cover the buffer to its last byte.</summary>
    Coverage,

    /// <summary>The file fits in memory as one array.</summary>
    FileSize,

    /// <summary>The tensor asked for exists.</summary>
    Missing,

    /// <summary>The values are read as a type that the data type converts to.</summary>
    Conversion,
}
