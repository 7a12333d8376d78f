using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// Three runs of 4 pixels of a convolution, for images whose width is a power of two. All sums stay in vector registers while the source
/// channels and the taps run.
/// </summary>
internal static unsafe class ConvolutionFours
{
    // 12 pixels x 32 channels: 24 accumulators, 2 weights and 1 broadcast.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Wide(ConvolutionPass* pass, float* weights, ConvolutionRun* first, ConvolutionRun* second, ConvolutionRun* third)
    {
        Vector512<float> a0 = Vector512.Load(first->Start);
        Vector512<float> a1 = a0, a2 = a0, a3 = a0;
        Vector512<float> b0 = Vector512.Load(first->Start + 16);
        Vector512<float> b1 = b0, b2 = b0, b3 = b0;
        Vector512<float> c0 = Vector512.Load(second->Start);
        Vector512<float> c1 = c0, c2 = c0, c3 = c0;
        Vector512<float> d0 = Vector512.Load(second->Start + 16);
        Vector512<float> d1 = d0, d2 = d0, d3 = d0;
        Vector512<float> e0 = Vector512.Load(third->Start);
        Vector512<float> e1 = e0, e2 = e0, e3 = e0;
        Vector512<float> f0 = Vector512.Load(third->Start + 16);
        Vector512<float> f1 = f0, f2 = f0, f3 = f0;
        float* x = first->Input;
        long toSecond = second->Input - x;
        long toThird = third->Input - x;
        for (int plane = 0; plane < pass->Planes; plane++, x += pass->Plane)
        {
            for (int tap = 0; tap < pass->TapCount; tap++)
            {
                float* p = x + pass->Taps[tap];
                float* q = p + toSecond;
                float* r = p + toThird;
                for (float* end = p + pass->Inner; p < end; p++, q++, r++, weights += 32)
                {
                    Vector512<float> w0 = Vector512.Load(weights);
                    Vector512<float> w1 = Vector512.Load(weights + 16);
                    Vector512<float> v = Vector512.Create(p[0]);
                    a0 = Vector512.FusedMultiplyAdd(v, w0, a0);
                    b0 = Vector512.FusedMultiplyAdd(v, w1, b0);
                    v = Vector512.Create(p[16]);
                    a1 = Vector512.FusedMultiplyAdd(v, w0, a1);
                    b1 = Vector512.FusedMultiplyAdd(v, w1, b1);
                    v = Vector512.Create(p[32]);
                    a2 = Vector512.FusedMultiplyAdd(v, w0, a2);
                    b2 = Vector512.FusedMultiplyAdd(v, w1, b2);
                    v = Vector512.Create(p[48]);
                    a3 = Vector512.FusedMultiplyAdd(v, w0, a3);
                    b3 = Vector512.FusedMultiplyAdd(v, w1, b3);
                    v = Vector512.Create(q[0]);
                    c0 = Vector512.FusedMultiplyAdd(v, w0, c0);
                    d0 = Vector512.FusedMultiplyAdd(v, w1, d0);
                    v = Vector512.Create(q[16]);
                    c1 = Vector512.FusedMultiplyAdd(v, w0, c1);
                    d1 = Vector512.FusedMultiplyAdd(v, w1, d1);
                    v = Vector512.Create(q[32]);
                    c2 = Vector512.FusedMultiplyAdd(v, w0, c2);
                    d2 = Vector512.FusedMultiplyAdd(v, w1, d2);
                    v = Vector512.Create(q[48]);
                    c3 = Vector512.FusedMultiplyAdd(v, w0, c3);
                    d3 = Vector512.FusedMultiplyAdd(v, w1, d3);
                    v = Vector512.Create(r[0]);
                    e0 = Vector512.FusedMultiplyAdd(v, w0, e0);
                    f0 = Vector512.FusedMultiplyAdd(v, w1, f0);
                    v = Vector512.Create(r[16]);
                    e1 = Vector512.FusedMultiplyAdd(v, w0, e1);
                    f1 = Vector512.FusedMultiplyAdd(v, w1, f1);
                    v = Vector512.Create(r[32]);
                    e2 = Vector512.FusedMultiplyAdd(v, w0, e2);
                    f2 = Vector512.FusedMultiplyAdd(v, w1, f2);
                    v = Vector512.Create(r[48]);
                    e3 = Vector512.FusedMultiplyAdd(v, w0, e3);
                    f3 = Vector512.FusedMultiplyAdd(v, w1, f3);
                }
            }
        }

        Store(first, 0, a0, a1, a2, a3);
        Store(first, pass->Plane, b0, b1, b2, b3);
        Store(second, 0, c0, c1, c2, c3);
        Store(second, pass->Plane, d0, d1, d2, d3);
        Store(third, 0, e0, e1, e2, e3);
        Store(third, pass->Plane, f0, f1, f2, f3);
    }

    // 12 pixels x 16 channels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Narrow(ConvolutionPass* pass, float* weights, ConvolutionRun* first, ConvolutionRun* second, ConvolutionRun* third)
    {
        Vector512<float> a0 = Vector512.Load(first->Start);
        Vector512<float> a1 = a0, a2 = a0, a3 = a0;
        Vector512<float> b0 = Vector512.Load(second->Start);
        Vector512<float> b1 = b0, b2 = b0, b3 = b0;
        Vector512<float> c0 = Vector512.Load(third->Start);
        Vector512<float> c1 = c0, c2 = c0, c3 = c0;
        float* x = first->Input;
        long toSecond = second->Input - x;
        long toThird = third->Input - x;
        for (int plane = 0; plane < pass->Planes; plane++, x += pass->Plane)
        {
            for (int tap = 0; tap < pass->TapCount; tap++)
            {
                float* p = x + pass->Taps[tap];
                float* q = p + toSecond;
                float* r = p + toThird;
                for (float* end = p + pass->Inner; p < end; p++, q++, r++, weights += 16)
                {
                    Vector512<float> w0 = Vector512.Load(weights);
                    a0 = Vector512.FusedMultiplyAdd(Vector512.Create(p[0]), w0, a0);
                    a1 = Vector512.FusedMultiplyAdd(Vector512.Create(p[16]), w0, a1);
                    a2 = Vector512.FusedMultiplyAdd(Vector512.Create(p[32]), w0, a2);
                    a3 = Vector512.FusedMultiplyAdd(Vector512.Create(p[48]), w0, a3);
                    b0 = Vector512.FusedMultiplyAdd(Vector512.Create(q[0]), w0, b0);
                    b1 = Vector512.FusedMultiplyAdd(Vector512.Create(q[16]), w0, b1);
                    b2 = Vector512.FusedMultiplyAdd(Vector512.Create(q[32]), w0, b2);
                    b3 = Vector512.FusedMultiplyAdd(Vector512.Create(q[48]), w0, b3);
                    c0 = Vector512.FusedMultiplyAdd(Vector512.Create(r[0]), w0, c0);
                    c1 = Vector512.FusedMultiplyAdd(Vector512.Create(r[16]), w0, c1);
                    c2 = Vector512.FusedMultiplyAdd(Vector512.Create(r[32]), w0, c2);
                    c3 = Vector512.FusedMultiplyAdd(Vector512.Create(r[48]), w0, c3);
                }
            }
        }

        Store(first, 0, a0, a1, a2, a3);
        Store(second, 0, b0, b1, b2, b3);
        Store(third, 0, c0, c1, c2, c3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        ConvolutionRun* run, int offset, Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3)
    {
        float* y = run->Output + offset;
        if (run->Residual is not null)
        {
            float* s = run->Residual + offset;
            v0 += Vector512.Load(s);
            v1 += Vector512.Load(s + 16);
            v2 += Vector512.Load(s + 32);
            v3 += Vector512.Load(s + 48);
        }

        v0.Store(y);
        v1.Store(y + 16);
        v2.Store(y + 32);
        v3.Store(y + 48);
    }
}
