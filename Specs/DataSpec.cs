namespace OrleansDDM.Specs;

/// <summary>Which images a run learns.</summary>
public sealed record DataSpec
{
    /// <summary>Name of a data set (<c>shapes</c>, <c>mnist</c>, <c>fashion-mnist</c>, <c>cifar-10</c>, <c>digits</c>) or a path.</summary>
    public string Name { get; init; } = "shapes";

    /// <summary>Use at most this many training images, taken in order of a seeded shuffle; 0 = all.</summary>
    public int Limit { get; init; }

    /// <summary>Share of the training images held out for validation, in (0, 0.5].</summary>
    public double Validation { get; init; } = 0.05;

    /// <summary>Height and width in pixels of the drawn <c>shapes</c> images; ignored by other data sets. 8 to 64.</summary>
    public int ShapesSize { get; init; } = 16;

    /// <summary>Draw <c>shapes</c> in colour (3 channels) instead of grey (1 channel).</summary>
    public bool ShapesColour { get; init; }

    /// <summary>Number of <c>shapes</c> images drawn for training.</summary>
    public int ShapesCount { get; init; } = 6000;
}
