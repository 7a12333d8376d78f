namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// Where the pixels of one plane of a <see cref="FeatureMap"/> lie: (H + 2, W + 2, 16) floats, of which the outermost pixels are zero, so
/// that a 3x3 convolution needs no special case at the borders.
/// </summary>
internal sealed class MapGeometry
{
    /// <summary>Channels of one plane, one vector.</summary>
    public const int Lanes = 16;

    /// <summary>Geometry of images of this size.</summary>
    public MapGeometry(int height, int width)
    {
        (Height, Width) = (height, width);
        Line = (width + 2) * Lanes;
        Plane = (height + 2) * Line;
        Run = RunOf(width);
        Neighbours = [.. Enumerable.Range(0, 9).Select(tap => tap / 3 * Line + tap % 3 * Lanes)];

        // A last run that does not fit begins early: it computes some pixels twice, which changes nothing.
        Runs = [.. from y in Enumerable.Range(0, height)
                   from i in Enumerable.Range(0, (width + Run - 1) / Run)
                   select y * Line + Math.Min(i * Run, width - Run) * Lanes];
    }

    /// <summary>Pixels from top to bottom.</summary>
    public int Height { get; }

    /// <summary>Pixels from left to right.</summary>
    public int Width { get; }

    /// <summary>Distance of two lines in floats.</summary>
    public int Line { get; }

    /// <summary>Floats of a plane.</summary>
    public int Plane { get; }

    /// <summary>Distance of a pixel from its upper left neighbour, and of the first pixel from the plane's start.</summary>
    public int Centre => Line + Lanes;

    /// <summary>Pixels that a convolution computes together: 7, 4 or 1.</summary>
    public int Run { get; }

    /// <summary>The runs that cover the image: each the place of the upper left neighbour of its first pixel.</summary>
    public int[] Runs { get; }

    /// <summary>The places of the nine taps, relative to the upper left one.</summary>
    public int[] Neighbours { get; }

    private static int RunOf(int width)
    {
        int Covered(int run) => (width + run - 1) / run * run;
        return width < 4 ? 1 : width >= 7 && Covered(7) <= Covered(4) ? 7 : 4;
    }
}
