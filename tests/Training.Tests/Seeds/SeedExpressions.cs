namespace GpuGrad.Training.Tests.Seeds;

/// <summary>The examples of the texts that are expressions, as <c>gpugrad explain</c> takes them. The page in docs/ shows these.</summary>
internal static class SeedExpressions
{
    public const string Square = "2*x^2";
    public const string SquareAt = "x=3";

    public const string TwoSquares = "2*x^2 + 3*y^2";
    public const string TwoSquaresAt = "x=3,y=5";

    public const string Convolution = "sum(1*h0+2*h1+3*h2, 2*h0+3*h1+1*h2, 3*h0+1*h1+1*h2, 1*h0+1*h1+1*h2)";
    public const string ConvolutionAt = "h0=1,h1=2,h2=3";

    public const string Pooling = "sum(max(x0,x1,x2), max(x1,x2,x3), max(x2,x3,x4), max(x3,x4,x5))";
    public const string PoolingAt = "x0=1,x1=2,x2=3,x3=1,x4=1,x5=1";

    public const string TwoLayers = "h1=sigmoid(x1*w11+x2*w21); h2=sigmoid(x1*w12+x2*w22); p=sigmoid(h1*v1+h2*v2); 0.5*(p-y)^2";
    public const string TwoLayersAt = "x1=.1,x2=.2,w11=.3,w12=.4,w21=.5,w22=.6,v1=.7,v2=.8,y=1";

    public const string ThreeLayers =
        "h1=relu(.9*a11+.2*a21+.7*a31); h2=relu(.9*a12+.2*a22+.7*a32); h3=relu(.9*a13+.2*a23+.7*a33); " +
        "g1=relu(h1*b11+h2*b21+h3*b31); g2=relu(h1*b12+h2*b22+h3*b32); " +
        "p1=sigmoid(g1*c11+g2*c21); p2=sigmoid(g1*c12+g2*c22); 0.5*(p1-.3)^2 + 0.5*(p2-.7)^2";

    public const string ThreeLayersAt =
        "a11=.3,a12=.9,a13=.5,a21=.8,a22=.1,a23=.5,a31=.8,a32=.2,a33=.7,b11=.7,b12=.5,b21=.1,b22=.5,b31=.6,b32=.1,c11=.2,c12=.3,c21=.3,c22=.4";

    public const string OneLayer = "s=sigmoid(w*x); 0.5*(y-s)^2";
    public const string OneLayerAt = "w=0.6,x=1.5,y=1";

    /// <summary>The text's equation (4), whose sign is wrong.</summary>
    public const string OneLayerClaim = "w=(y-s)*s*(1-s)*x";

    public const string OneLayerRight = "w=(s-y)*s*(1-s)*x";

    public const string OneLayerVector = "s=sigmoid(w1*x1+w2*x2+w3*x3); 0.5*(y-s)^2";
    public const string OneLayerVectorAt = "w1=.2,w2=-.4,w3=.1,x1=1,x2=2,x3=-3,y=1";
    public const string OneLayerVectorClaim = "w1=(y-s)*s*(1-s)*x1";
    public const string OneLayerVectorRight = "w1=(s-y)*s*(1-s)*x1; w2=(s-y)*s*(1-s)*x2; w3=(s-y)*s*(1-s)*x3";

    public const string Svm = "max(0, w1*x - wy*x + 1) + max(0, w2*x - wy*x + 1)";
    public const string SvmAt = "w1=.5,w2=-2,wy=.3,x=2";
    public const string SvmRight = "wy=-1*x; w1=x; w2=0";

    public const string ProductOfASum = "q = x + y; q*z";
    public const string ProductOfASumAt = "x=-2,y=5,z=-4";

    public const string Neuron = "sigmoid(w0*x0 + w1*x1 + w2)";
    public const string NeuronAt = "w0=2,w1=-3,w2=-3,x0=-1,x1=-2";

    public const string Staged = "sigy=sigmoid(y); num=x+sigy; sigx=sigmoid(x); xpy=x+y; xpysqr=xpy^2; den=sigx+xpysqr; invden=1/den; num*invden";
    public const string StagedAt = "x=3,y=-4";

    public const string Gates = "2*(x*y + max(z, w))";
    public const string GatesAt = "x=3,y=-4,z=2,w=-1";
}
