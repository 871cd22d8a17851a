person an name=Nguyễn_Văn_An gender=male
person binh name=Trần_Thị_Bình gender=female
person khach no-consent name=Lê_Khách
person lima name=Rosa_Lima timezone=America/Lima
person berlin name=Anna_Berlin timezone=Europe/Berlin
person huy name=Phạm_Huy
# 8 March 2026: men get ideas for presents, women and who told nothing good wishes.
+0h   event an page   +0h event binh page   +0h event khach page   +0h event lima page   +0h event berlin page
+0h   event huy page
+12h  consent huy withdraw email
+3d   event an order order=a1 total=300000
until +90d
