namespace OrleansDDM.Learning.Models.Fused;

/// <summary>What all runs of one convolution have in common.</summary>
internal unsafe struct ConvolutionPass
{
    /// <summary>Source planes.</summary>
    public int Planes;

    /// <summary>Floats of a plane.</summary>
    public int Plane;

    /// <summary>Channels in use of each source plane.</summary>
    public int Inner;

    /// <summary>Number of taps.</summary>
    public int TapCount;

    /// <summary>Places of the taps, relative to the upper left one.</summary>
    public int* Taps;
}

/// <summary>Some neighbouring pixels of one image and where their results go.</summary>
internal unsafe struct ConvolutionRun
{
    /// <summary>Upper left neighbour of the first pixel in the first source plane.</summary>
    public float* Input;

    /// <summary>What the sums start from, one value per result channel.</summary>
    public float* Start;

    /// <summary>The first pixel in the first result plane of a map that is added, or null.</summary>
    public float* Residual;

    /// <summary>The first pixel in the first result plane.</summary>
    public float* Output;
}
