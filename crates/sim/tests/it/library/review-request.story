person an name=Nguyễn_Văn_An gender=male
person binh name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima name=Rosa_Lima timezone=America/Lima
person berlin name=Anna_Berlin timezone=Europe/Berlin
person huy name=Phạm_Huy
# An writes after the first mail, Binh is asked twice, Huy stops, Lima is never told to have got it, Mai returns hers.
person mai name=Vũ_Mai
+0h   event an order order=a1 total=300000        +0h event binh order order=b1 total=300000
+0h   event khach order order=k1 total=300000     +0h event huy order order=h1 total=300000
+0h   event lima order order=l1 total=300000      +0h event mai order order=m1 total=300000
+3d   event an Order_Delivered order=a1           +3d event binh Order_Updated order=b1 status=delivered
+3d   event khach Order_Delivered order=k1        +3d event huy Order_Delivered order=h1
+3d   event mai Order_Delivered order=m1          +4d event mai refund order=m1
+8d   event an Product_Reviewed rating=5          +8d unsubscribe huy
+20d  event berlin order order=e1 total=300000    +25d event berlin Order_Delivered order=e1
+40d  show an tags
until +90d
