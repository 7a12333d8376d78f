namespace OrleansDDM.Learning.Models.Fused;

/// <summary>Layer norm and modulation (adaLN) on a few images, each with a shift and a scale of its own; keeps what the backward pass needs.</summary>
internal sealed unsafe class FusedNorm(int images, int tokens, int width, NativeArena arena)
{
    private readonly float* _normed = arena.Allocate((long)images * tokens * width);
    private readonly float* _inverse = arena.Allocate((long)images * tokens);

    /// <summary>y = norm(h) (1 + scale) + shift.</summary>
    /// <param name="h">(count, T, d).</param>
    /// <param name="count">Number of images.</param>
    /// <param name="shift">Of the first image, (d).</param>
    /// <param name="scale">Of the first image, (d).</param>
    /// <param name="row">Distance of the next image's shift and scale.</param>
    /// <param name="y">(count, T, d).</param>
    public void Forward(float* h, int count, float* shift, float* scale, int row, float* y)
    {
        RowKernels.Normalize(h, count * tokens, width, _normed, _inverse);
        Modulate(count, shift, scale, row, y);
    }

    /// <summary>y again, from what is kept.</summary>
    public void Modulate(int count, float* shift, float* scale, int row, float* y)
    {
        for (int i = 0; i < count; i++)
        {
            int at = i * tokens * width;
            RowKernels.Modulate(_normed + at, tokens, width, shift + i * row, scale + i * row, y + at);
        }
    }

    /// <summary>Adds to dh and writes the gradients of shift and scale.</summary>
    public void Backward(float* dy, int count, float* scale, float* dshift, float* dscale, int row, float* dh)
    {
        for (int i = 0; i < count; i++)
        {
            int at = i * tokens * width;
            RowKernels.ModulateBackward(
                dy + at, _normed + at, _inverse + i * tokens, tokens, width, scale + i * row, dshift + i * row, dscale + i * row, dh + at);
        }
    }
}
