namespace OrleansDDM.Learning.Data;

/// <summary>How a data set is stored.</summary>
public enum DatasetFormat
{
    /// <summary>Drawn from a seed; there is no file.</summary>
    BuiltIn,

    /// <summary>IDX files, plain or gzip.</summary>
    Idx,

    /// <summary>A folder of CIFAR-10 binary batches.</summary>
    Cifar10,

    /// <summary>The CIFAR-10 tar.gz.</summary>
    Cifar10Archive,

    /// <summary>UCI optdigits text.</summary>
    Optdigits,

    /// <summary>A folder of PNG or JPEG files.</summary>
    ImageFolder,
}

/// <summary>What the SHA-256 of a file says.</summary>
public enum DatasetChecksum
{
    /// <summary>There is no official value to compare with, or it was not computed.</summary>
    Unknown,

    /// <summary>It is the official value.</summary>
    Official,

    /// <summary>An official value exists for a file of this name, and this is another.</summary>
    Differs,
}
